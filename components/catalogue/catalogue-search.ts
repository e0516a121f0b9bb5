import type { ListedService } from '#contract/records.ts'

export interface CatalogueFilters { q: string; owner: string; language: string; state: string; audience: string }

/** Lower-cased text of each service, made once as long as the record is the same. */
const haystacks = new WeakMap<ListedService, string>()

function haystack(service: ListedService): string {
  const known = haystacks.get(service)
  if (known !== undefined) return known
  const made = [service.team, service.name, service.description, service.owner?.name, service.language, ...service.endpoints]
    .filter((part) => part !== undefined).join('\n').toLowerCase()
  haystacks.set(service, made)
  return made
}

/** All words must occur, in any order; names that begin with what was typed come first. */
export function searchCatalogue(services: readonly ListedService[], filters: CatalogueFilters): readonly ListedService[] {
  const words = filters.q.toLowerCase().split(/\s+/).filter((word) => word !== '')
  const found = services.filter((service) =>
    (filters.owner === '' || (service.owner?.email ?? '') === filters.owner)
    && (filters.language === '' || service.language === filters.language)
    && (filters.state === '' || service.state === filters.state)
    && (filters.audience === '' || service.audience.kind === filters.audience)
    && words.every((word) => haystack(service).includes(word)))
  const [first] = words
  if (first === undefined) return found
  const rank = (service: ListedService) => (service.name.startsWith(first) ? 0 : service.name.includes(first) ? 1 : 2)
  return found.toSorted((one, other) => rank(one) - rank(other))
}
