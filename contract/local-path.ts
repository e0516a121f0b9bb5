/** A path of the same host, whatever it was: a browser reads `//x`, `/\x` and `/<tab>/x` as another host's. */
export function localPath(to: string | null): string {
  if (to === null || !to.startsWith('/')) return '/'
  const url = URL.canParse(to, 'http://host.invalid') ? new URL(to, 'http://host.invalid') : undefined
  if (url === undefined || url.origin !== 'http://host.invalid') return '/'
  const path = `${url.pathname}${url.search}${url.hash}`
  return path.startsWith('//') ? '/' : path
}
