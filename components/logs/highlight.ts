import type { LogMatch } from '#contract/logs.ts'

/** Start and end of each place that is to be marked, in order, none in another. */
export type Spans = readonly (readonly [number, number])[]
export type Finder = (text: string) => Spans

/** How far into a line marks are looked for, and how many there may be. */
const farthest = 4_000
const most = 100

/**
 * Finds what the conditions look for. Regular expressions are tried with RE2's syntax and its linear time, as the search
 * itself does: a link's expression cannot hang the page. It is fetched when first needed.
 */
export async function finderOf(match: readonly LogMatch[]): Promise<Finder | null> {
  const wanted = match.filter(({ not }) => !not)
  if (wanted.length === 0) return null
  const RE2JS = wanted.some(({ regex }) => regex !== undefined) ? (await import('re2js')).RE2JS : undefined
  const finders = wanted.flatMap((each): Finder[] => {
    if (each.text !== undefined) return [textFinder(each.text, each.case ?? false)]
    try {
      const compiled = RE2JS?.compile(each.regex ?? '')
      return compiled === undefined
        ? []
        : [
            (text) => {
              const spans: [number, number][] = []
              const matcher = compiled.matcher(text.slice(0, farthest))
              while (spans.length < most && matcher.find())
                if (matcher.end() > matcher.start()) spans.push([matcher.start(), matcher.end()])
              return spans
            },
          ]
    } catch {
      return []
    }
  })
  return finders.length === 0 ? null : (text) => joined(finders.flatMap((find) => find(text)))
}

function textFinder(wanted: string, exact: boolean): Finder {
  const needle = exact ? wanted : wanted.toLowerCase()
  return (text) => {
    const hay = exact ? text.slice(0, farthest) : text.slice(0, farthest).toLowerCase()
    // A few letters have more signs in the other case: then places would not fit.
    if (hay.length !== Math.min(text.length, farthest)) return []
    const spans: [number, number][] = []
    for (let at = hay.indexOf(needle); at !== -1 && spans.length < most; at = hay.indexOf(needle, at + needle.length))
      spans.push([at, at + needle.length])
    return spans
  }
}

function joined(spans: readonly (readonly [number, number])[]): Spans {
  const result: [number, number][] = []
  for (const [from, to] of spans.toSorted((one, other) => one[0] - other[0])) {
    const last = result.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else result.push([from, to])
  }
  return result
}
