/**
 * A path is read in more than one way: servers decode it once or twice, drop path parameters (`;…`), merge slashes, take `\` for `/`,
 * resolve dots, drop control characters, end at a NUL, accept overlong UTF-8, fold letters of other scripts. Paths of the platform
 * are compared in all of these readings.
 */

/**
 * The rule for paths. `own`: the first segment is one of these (lower case), in every reading. `disguised`: in some readings only,
 * or in another spelling; such a request is refused (400). `elsewhere`: in none, so that the path is passed on as it came.
 */
export function standingOf(path: string, own: ReadonlySet<string>): 'own' | 'disguised' | 'elsewhere' {
  const [spelled = ''] = path.slice(1).split(/[/?#]/, 1)
  if (plain.test(path)) return own.has(spelled) ? 'own' : own.has(spelled.toLowerCase()) ? 'disguised' : 'elsewhere'
  const found = firstSegments(path)
  if (![...found].some((segment) => own.has(segment))) return 'elsewhere'
  return found.size === 1 && found.has(spelled) ? 'own' : 'disguised'
}

/** Everybody reads such a path in the same way. */
const plain = /^(?:\/[\w~@-][\w~@.-]*)*\/?(?:\?|$)/

/** Whether a path surely holds a text (lower case, letters, digits and `_`) in none of its readings: cheaper than to read it in all. */
export function surelyLacks(path: string, text: string): boolean {
  let read = path
  for (let times = 0; ; times++) {
    if (beyondAscii.test(read) || read.replace(controls, '').toLowerCase().includes(text)) return false
    const next = decodedOnce(read)
    if (times === mostDecodings || next === read) return true
    read = next
  }
}

const beyondAscii = /[\x80-\uffff]/

/** Under which names, in lower case, the first segment of a path goes in all of its readings. */
export function firstSegments(path: string): Set<string> {
  const found = new Set<string>()
  const [beforeQuery = ''] = path.split('?', 1)
  for (const text of decodings(beforeQuery)) {
    const cut = [text, text.split(/[?#]/, 1)[0] as string].flatMap((one) => [one, one.split('\0', 1)[0] as string])
    for (const read of new Set(cut.flatMap((one) => [one, one.replace(controls, '')]))) {
      for (const segments of [read, read.replace(/;[^/\\]*/g, '')].map((one) =>
        one.split(/[/\\]/).filter((segment) => segment !== ''),
      )) {
        for (const first of [segments.find((segment) => segment !== '.'), resolved(segments)[0]])
          found.add((first ?? '').toLowerCase())
      }
    }
  }
  return found
}

const controls = /[\0-\x20\x7f]/g
const mostDecodings = 3

/** The path as it is, and decoded once and more, each as bytes, as characters, and as the letters that these stand for. */
function decodings(path: string): Set<string> {
  const all = new Set<string>()
  for (let text = path, times = 0; ; times++) {
    const short = shortest(text)
    const characters = Buffer.from(short, 'latin1').toString('utf8')
    all.add(text).add(short).add(characters).add(characters.normalize('NFKC'))
    const next = decodedOnce(text)
    if (times === mostDecodings || next === text) return all
    text = next
  }
}

const decodedOnce = (text: string): string =>
  text.includes('%')
    ? text.replace(/%(?:u00)?([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : text

/** Overlong UTF-8 (RFC 3629 §10) of an ASCII character, as lenient decoders take it. */
function shortest(text: string): string {
  return text.replace(
    /[\xc0\xc1]([\x80-\xbf])|\xe0[\x80\x81]([\x80-\xbf])|\xf0\x80[\x80\x81]([\x80-\xbf])/g,
    (bytes, ...rest: (string | undefined)[]) => {
      const last = (rest[0] ?? rest[1] ?? rest[2] ?? '').charCodeAt(0) & 0x3f
      const before = bytes.charCodeAt(bytes.length - 2) & 1
      return String.fromCharCode((before << 6) | last)
    },
  )
}

function resolved(segments: readonly string[]): string[] {
  const kept: string[] = []
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  return kept
}
