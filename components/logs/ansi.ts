import { sgr, shown, withoutAnsi } from '#components/ui/printed-text.ts'

/** A piece of text that looks the same throughout. Colours are `r g b`, each 0 to 255. */
export interface Styled {
  text: string
  colour?: string
  ground?: string
  bold?: boolean
  faint?: boolean
  italic?: boolean
  underline?: boolean
  struck?: boolean
}

type Look = Omit<Styled, 'text'> & { inverse?: boolean }

/** More changes of colour in one line than anybody means: the rest is shown plain. */
const mostPieces = 400

const basic = [
  '110 110 110',
  '205 49 49',
  '13 150 70',
  '170 120 0',
  '36 100 220',
  '170 60 180',
  '0 130 150',
  '150 150 150',
  '120 120 120',
  '230 70 70',
  '30 170 90',
  '190 140 10',
  '70 130 240',
  '200 90 210',
  '20 150 170',
  '170 170 170',
]

/** Reads the colours and weights (SGR) of a terminal's text; nothing else of a terminal's language has any effect, and none of it is shown. */
export function parseAnsi(text: string): Styled[] {
  if (!text.includes('\x1b')) return text === '' ? [] : [{ text: shown(text) }]
  const pieces: Styled[] = []
  let look: Look = {}
  let at = 0
  for (const found of text.matchAll(sgr)) {
    if (pieces.length >= mostPieces) break
    put(pieces, text.slice(at, found.index), look)
    look = applied(look, found[1] ?? '')
    at = found.index + found[0].length
  }
  put(pieces, withoutAnsi(text.slice(at)), look)
  return pieces
}

function put(pieces: Styled[], text: string, { inverse, ...look }: Look): void {
  if (text === '') return
  const clean = shown(text)
  if (!inverse) pieces.push({ text: clean, ...look })
  else {
    const { colour, ground, ...rest } = look
    pieces.push({
      text: clean,
      ...rest,
      ground: colour ?? '128 128 128',
      ...(ground !== undefined && { colour: ground }),
    })
  }
}

function applied(before: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/, 64).map((code) => (code === '' ? 0 : Number(code)))
  let look: Look = { ...before }
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] as number
    if (code === 0) look = {}
    else if (code === 1) look.bold = true
    else if (code === 2) look.faint = true
    else if (code === 3) look.italic = true
    else if (code === 4) look.underline = true
    else if (code === 7) look.inverse = true
    else if (code === 9) look.struck = true
    else if (code === 22) {
      delete look.bold
      delete look.faint
    } else if (code === 23) delete look.italic
    else if (code === 24) delete look.underline
    else if (code === 27) delete look.inverse
    else if (code === 29) delete look.struck
    else if (code === 39) delete look.colour
    else if (code === 49) delete look.ground
    else if (code >= 30 && code <= 37) look.colour = basic[code - 30] as string
    else if (code >= 90 && code <= 97) look.colour = basic[code - 82] as string
    else if (code >= 40 && code <= 47) look.ground = basic[code - 40] as string
    else if (code >= 100 && code <= 107) look.ground = basic[code - 92] as string
    else if (code === 38 || code === 48) {
      const { colour, used } = extended(codes, index + 1)
      if (colour !== undefined) look[code === 38 ? 'colour' : 'ground'] = colour
      index += used
    }
  }
  return look
}

/** `5;n` of the 256 colours, or `2;r;g;b`. */
function extended(codes: readonly number[], at: number): { colour: string | undefined; used: number } {
  if (codes[at] === 5) return { colour: indexed(codes[at + 1]), used: 2 }
  if (codes[at] !== 2) return { colour: undefined, used: codes.length }
  const rgb = codes.slice(at + 1, at + 4)
  return { colour: rgb.length === 3 && rgb.every(isByte) ? rgb.join(' ') : undefined, used: 4 }
}

function indexed(code: number | undefined): string | undefined {
  if (!isByte(code)) return undefined
  if (code < 16) return basic[code]
  if (code >= 232)
    return Array(3)
      .fill(8 + (code - 232) * 10)
      .join(' ')
  const level = (value: number) => (value === 0 ? 0 : 55 + value * 40)
  const cube = code - 16
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)].join(' ')
}

const isByte = (value: number | undefined): value is number =>
  value !== undefined && Number.isInteger(value) && value >= 0 && value <= 255
