/**
 * How many cells a character takes in a terminal: as today's programs count (Unicode 15 and later), so that what has an
 * emoji in it is drawn where they think it is. The browser's terminal and the platform's own screen use the same.
 */
const none = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u
const wide =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u231a\u231b\u2329\u232a\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]$/u
const known = new Map<number, 0 | 1 | 2>()

function widthOf(codepoint: number): 0 | 1 | 2 {
  // The soft hyphen is shown.
  if (codepoint < 0x300) return codepoint < 32 || (codepoint >= 0x7f && codepoint < 0xa0) ? 0 : 1
  const before = known.get(codepoint)
  if (before !== undefined) return before
  const character = String.fromCodePoint(codepoint)
  const width = none.test(character) ? 0 : wide.test(character) ? 2 : 1
  known.set(codepoint, width)
  return width
}

/** For xterm's `unicode.register`. */
export const characterWidth = {
  version: 'm3o',
  wcwidth: widthOf,
  /** A character and the one before it, in xterm's own encoding: whether it joins, and the width of both. */
  charProperties(codepoint: number, preceding: number): number {
    const own = widthOf(codepoint)
    const before = (preceding >> 1) & 3
    const joins = own === 0 && preceding !== 0 && before !== 0
    return (Math.max(own, joins ? before : 0) << 1) | (joins ? 1 : 0)
  },
}
