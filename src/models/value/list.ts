import type { Kind } from "./kind.ts";

/** An array. */
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

/** Undefined when one of the elements is not of the kind. */
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

/** So that no digit is lost. */
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
