interface Findable {
  title: string
  group?: string
  words?: string
  about?: string | undefined
  atOnce: boolean
}

const perGroup = 8

/** Entries that hold all words, best first, grouped as they came; a few of each group, so that drawing them costs nothing. */
export function searchPalette<Entry extends Findable>(
  entries: readonly Entry[],
  text: string,
): { group: string; entries: Entry[] }[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const ranked = entries
    .map((entry) => ({ entry, rank: words.length === 0 ? (entry.atOnce ? 1 : 0) : rank(entry, words) }))
    .filter(({ rank: own }) => own > 0)
  const groups = Map.groupBy(ranked, ({ entry }) => entry.group ?? '')
  return [...groups]
    .map(([group, found]) => ({
      group,
      best: Math.max(...found.map(({ rank: own }) => own)),
      entries: found
        .toSorted((one, other) => other.rank - one.rank)
        .slice(0, words.length === 0 ? 40 : perGroup)
        .map(({ entry }) => entry),
    }))
    .toSorted((one, other) => (words.length === 0 ? place(one.group) - place(other.group) : other.best - one.best))
}

/** Before anything is typed: what the screen can do, then what was chosen last, where one can go, then the console's own. */
const place = (group: string): number => (group === 'Console' ? 3 : group === 'Go to' ? 2 : group === 'Recent' ? 0 : 1)

/** 0: not found. A title that is it, begins with it, has a word that begins with it, holds it; then the quieter texts. */
function rank(entry: Findable, words: string[]): number {
  const title = entry.title.toLowerCase()
  const rest = `${entry.words ?? ''} ${entry.about ?? ''} ${entry.group ?? ''}`.toLowerCase()
  let total = 0
  for (const word of words) {
    const own =
      title === word
        ? 60
        : title.startsWith(word)
          ? 40
          : title.split(/[^a-z0-9]+/).some((part) => part.startsWith(word))
            ? 25
            : title.includes(word)
              ? 15
              : rest.includes(word)
                ? 5
                : 0
    if (own === 0) return 0
    total += own
  }
  return total
}
