import type { CallRequest } from './call-request.ts'
import { useKeptList } from './kept-list.ts'
import { withoutSecrets } from './secret-headers.ts'

/** A request with a name, of one person in this browser. Values of secret headers are not kept. */
export interface SavedRequest {
  name: string
  request: CallRequest
}

const most = 200

/** @param key person and service */
export function useSavedRequests(key: string) {
  const [saved, change] = useKeptList<SavedRequest>(`m3o.saved.${key}`)
  return {
    saved,
    /** One of the same name and endpoint is replaced. @returns whether the browser kept it */
    save: (name: string, request: CallRequest) =>
      change((all) =>
        [
          { name, request: { ...request, headers: withoutSecrets(request.headers) } },
          ...without(all, name, request),
        ].slice(0, most),
      ),
    remove: ({ name, request }: SavedRequest) => change((all) => without(all, name, request)),
  }
}

const without = (all: readonly SavedRequest[], name: string, { endpoint }: CallRequest) =>
  all.filter((each) => each.name !== name || each.request.endpoint !== endpoint)
