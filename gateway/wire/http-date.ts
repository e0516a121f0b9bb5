let said = ''
let until = 0

/** Now, as RFC 9110 §5.6.7 writes it, to the second. */
export function httpDate(): string {
  const now = Date.now()
  // A clock that was set back must not leave it in the future.
  if (now >= until || now < until - 1000) {
    until = now - (now % 1000) + 1000
    said = new Date(now).toUTCString()
  }
  return said
}
