import type { Kind } from "./kind.ts";

/** The kind of arrays whose elements are of the kind `item`. */
export function list(item: Kind): Kind {
  return {
    one: `an array, each element ${item.one}`,
    scalar: item.scalar,
    item,
    identifies: false,
    decode: (text) => elementsOf(parsed(item.scalar === "JSON" ? text : withQuotedNumbers(text)), item),
    plain: (value) =>
      Array.isArray(value) ? value.map((element: unknown) => (element === null ? null : item.plain(element))) : value,
    comparison: undefined,
  };
}

/** Decodes the elements; undefined if any of them is not of the kind. */
function elementsOf(value: unknown, item: Kind): readonly unknown[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const elements = value.map((element: unknown) => elementOf(element, item));
  return elements.includes(undefined) ? undefined : elements;
}

function elementOf(element: unknown, item: Kind): unknown {
  if (element === null) return null;
  if (item.item) return elementsOf(element, item.item);
  if (item.scalar === "JSON") return element;
  return typeof element === "string" || typeof element === "boolean" ? item.decode(String(element)) : undefined;
}

/** Quotes the numbers in JSON, since `JSON.parse` would round them to double precision. */
function withQuotedNumbers(text: string): string {
  return text.replaceAll(/"(?:\\.|[^"\\])*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
