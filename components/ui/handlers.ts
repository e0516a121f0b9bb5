/** One handler out of the child's own and ours, the child's first; ours not when it prevented the default. */
export function both<Event extends { defaultPrevented: boolean }>(
  own: unknown,
  ours: (event: Event) => void,
): (event: Event) => void {
  if (typeof own !== 'function') return ours
  return (event) => {
    ;(own as (event: Event) => void)(event)
    if (!event.defaultPrevented) ours(event)
  }
}
