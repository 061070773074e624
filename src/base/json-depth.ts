const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Whether JSON text nests no deeper than `max` objects and arrays: `{"a":[1]}` is 2 deep. Asked before parsing, since
 * what is deep is dear to parse and overflows the stack of whoever walks it. One pass, no memory.
 *
 * Text that is not JSON gets an answer too, but no useful one; parsing refuses it afterwards.
 *
 * @param max 64 by default; 0 permits scalars only; Infinity permits everything.
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
