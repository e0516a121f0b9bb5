import type { ListedService } from '#contract/records.ts'

export interface CatalogueFilters {
  q: string
  owner: string
  language: string
  state: string
  audience: string
  from?: string
  team?: string
  tag?: string
}

const nobody: ReadonlySet<string> = new Set()

/** Lower-cased text of each service, made once as long as the record is the same. */
const haystacks = new WeakMap<ListedService, string>()

function haystack(service: ListedService): string {
  const known = haystacks.get(service)
  if (known !== undefined) return known
  const made = [
    service.team,
    service.name,
    service.description,
    service.owner?.name,
    service.language,
    ...service.tags,
    ...service.endpoints,
  ]
    .filter((part) => part !== undefined)
    .join('\n')
    .toLowerCase()
  haystacks.set(service, made)
  return made
}

/** Whose copy serves: the environment's own, or a parent's. Null: nothing does, or another team's. */
export const originOf = ({ from, environment }: ListedService): 'own' | 'inherited' | null =>
  from === null ? null : from === environment ? 'own' : 'inherited'

/**
 * All words must occur, in any order; names that begin with what was typed come first, and what was found by its documents last.
 * @param documented ids of those whose documents hold the words
 */
export function searchCatalogue(
  services: readonly ListedService[],
  filters: CatalogueFilters,
  documented: ReadonlySet<string> = nobody,
): readonly ListedService[] {
  const words = filters.q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const found = services.filter(
    (service) =>
      (filters.owner === '' || (service.owner?.email ?? '') === filters.owner) &&
      (filters.language === '' || service.language === filters.language) &&
      (filters.state === '' || service.state === filters.state) &&
      (filters.audience === '' || service.audience.kind === filters.audience) &&
      (!filters.from || (service.team === filters.team && originOf(service) === filters.from)) &&
      (!filters.tag || service.tags.includes(filters.tag)) &&
      (words.every((word) => haystack(service).includes(word)) || documented.has(service.id)),
  )
  const [first] = words
  if (first === undefined) return found
  const ranks: ListedService[][] = [[], [], [], []]
  for (const service of found) {
    const rank = service.name.startsWith(first)
      ? 0
      : service.name.includes(first)
        ? 1
        : words.every((word) => haystack(service).includes(word))
          ? 2
          : 3
    ranks[rank]?.push(service)
  }
  return ranks.flat()
}
