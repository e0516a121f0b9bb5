export const sgr = /\x1b\[([\d;:]*)m/g
/** They would turn the direction of what stands around them: a line could be made to read as another. */
const turning = /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g

export function withoutAnsi(text: string): string {
  return shown(text.includes('\x1b') ? text.replace(sgr, '') : text)
}

/** What has no picture of its own gets one, sign for sign. */
export const shown = (text: string) => text.replaceAll('\x1b', '␛').replace(turning, '\ufffd')
