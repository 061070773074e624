const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Whether JSON text nests at most `max` objects and arrays: `{"a":[1]}` has depth 2. To be called before `JSON.parse`:
 * deep text is expensive to parse, and a recursive walk of its value overflows the stack. One pass, no allocation.
 *
 * For text that is not JSON the result means nothing; the parser refuses that text afterwards.
 *
 * @param max Default 64. 0 permits scalars only; Infinity permits any depth.
 */
export function jsonDepth(text: string, max: number = 64): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === quote) at = endOfString(text, at);
    else if (character === openBracket || character === openBrace) {
      if (++depth > max) return false;
    } else if (character === closeBracket || character === closeBrace) depth--;
  }
  return true;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === quote) return at;
    if (character === backslash) at++;
  }
  return text.length;
}
