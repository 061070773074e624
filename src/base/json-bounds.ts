import { elementBytes, objectBytes, propertyBytes, stringBytes } from "./json-memory.ts";

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

export interface JsonBounds {
  /** Levels of nested objects and arrays: `{"a":[1]}` has 2. 0 permits scalars only; Infinity permits any depth. */
  readonly depth: number;
  /** Estimated memory of the parsed value, as `jsonMemory` has it. Infinity permits any. */
  readonly bytes: number;
}

/**
 * What JSON text exceeds, as the end of a sentence ("may be nested at most 64 deep"); undefined if it may be parsed. To
 * be called before `JSON.parse`: deep text is expensive to parse, and a recursive walk of its value overflows the stack;
 * text of empty objects becomes twenty times as large, which takes V8 as long to collect as to parse. One pass, no
 * allocation.
 *
 * The estimate is never less than `jsonMemory` of the value, and somewhat more: a comma in an object counts as one in a
 * list, an empty list as one with an element, a key as any other string, and escapes as they are written. For text that is not JSON the result means nothing; the parser refuses that text afterwards.
 */
export function exceededBound(text: string, max: JsonBounds): string | undefined {
  let depth = 0;
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === quote) {
      const end = endOfString(text, at);
      bytes += stringBytes + 2 * (end - at - 1);
      at = end;
    } else if (character === comma) bytes += elementBytes;
    else if (character === colon) bytes += propertyBytes;
    else if (character === openBracket || character === openBrace) {
      if (++depth > max.depth) return `may be nested at most ${max.depth} deep`;
      bytes += objectBytes + elementBytes;
    } else if (character === closeBracket || character === closeBrace) depth--;
  }
  return bytes > max.bytes ? `may take at most ${max.bytes} bytes when it is parsed` : undefined;
}

/** Characters of a string that are looked at one by one. `indexOf` is faster in longer ones, and slower in shorter. */
const shortString = 32;

/** The index of the quote that ends a string; the length of the text if none does. */
function endOfString(text: string, start: number): number {
  const near = Math.min(text.length, start + 1 + shortString);
  let at = start + 1;
  for (; at < near; at++) {
    const character = text.charCodeAt(at);
    if (character === quote) return at;
    if (character === backslash) at++;
  }
  for (; at < text.length; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    if (!isEscaped(text, at, start)) return at;
  }
  return text.length;
}

/** Whether a quote is part of the string that begins at `start`: behind an odd number of backslashes. */
function isEscaped(text: string, at: number, start: number): boolean {
  let before = at - 1;
  while (before > start && text.charCodeAt(before) === backslash) before--;
  return (at - before) % 2 === 0;
}
