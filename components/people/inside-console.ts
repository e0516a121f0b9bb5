import { localPath } from '#contract/local-path.ts'

/** Only a path of this console, never another site: the address is anybody's to write. */
export function insideConsole(to: string | null): string | undefined {
  const path = localPath(to)
  return path === '/' && to !== '/' ? undefined : path
}
