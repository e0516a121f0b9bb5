/** What one went to or did last, of a team, in this browser: ids of palette entries, the latest first. */
const most = 7
const keyOf = (team: string) => `m3o-recent:${team}`

export function readRecents(team: string): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(team)) ?? '[]')
    return Array.isArray(kept) ? kept.filter((each): each is string => typeof each === 'string').slice(0, most) : []
  } catch {
    return []
  }
}

export function addRecent(team: string, id: string): void {
  try {
    localStorage.setItem(
      keyOf(team),
      JSON.stringify([id, ...readRecents(team).filter((each) => each !== id)].slice(0, most)),
    )
  } catch {
    // Without storage there are no recents.
  }
}

export const recentService = (name: string): string => `service:${name}`
