/** Only a path of this console, never another site: the address is anybody's to write. */
export function insideConsole(to: string | null): string | undefined {
  if (to === null || !/^\/(?![/\\])/.test(to)) return undefined
  const url = new URL(to, 'http://console.invalid')
  return url.origin === 'http://console.invalid' ? `${url.pathname}${url.search}${url.hash}` : undefined
}
