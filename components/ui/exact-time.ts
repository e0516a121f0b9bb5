import { localZone, readZone } from './zone.ts'

const formats = new Map<string, Intl.DateTimeFormat>()

/** Making one costs a hundred times what using it does. */
function format(zone: string, name: keyof typeof options): Intl.DateTimeFormat {
  const key = `${name} ${zone}`
  const known = formats.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-GB', { ...options[name], timeZone: zone })
  formats.set(key, made)
  return made
}

const seconds = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
const options = {
  minutes: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  seconds,
  fine: { ...seconds, fractionalSecondDigits: 3 },
  date: { day: 'numeric', month: 'short', year: 'numeric' },
  day: { day: 'numeric', month: 'short' },
  weekday: { weekday: 'short', day: 'numeric', month: 'short' },
  fullDay: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  zone: { timeZoneName: 'short' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>

/** `14:03`, `14:03:07`, `14:03:07.123`, `24 Nov 2026`, `24 Nov`, `Tue, 24 Nov`. */
export const timeIn = (zone: string, at: number, how: Exclude<keyof typeof options, 'zone'>): string =>
  format(zone, how).format(at)

/** `UTC`, `CET`, `GMT+5:30`: what the zone is called at that moment. */
export const zoneName = (zone: string, at: number = Date.now()): string =>
  zone === 'UTC'
    ? 'UTC'
    : (format(zone, 'zone')
        .formatToParts(at)
        .find(({ type }) => type === 'timeZoneName')?.value ?? zone)

/** `Tue 24 Nov 2026, 14:03:07 CET`: the one way to tell a time exactly, always with its zone. */
export const exactTime = (at: number, zone: string = readZone(), fine = false): string =>
  `${timeIn(zone, at, 'fullDay').replace(',', '')}, ${timeIn(zone, at, fine ? 'fine' : 'seconds')} ${zoneName(zone, at)}`

/** The same in the other of the two: UTC for somebody who reads local times, and the reverse. Null where both are one. */
export function otherTime(at: number, zone: string = readZone(), fine = false): string | null {
  const other = zone === 'UTC' ? localZone() : 'UTC'
  return other === zone ? null : exactTime(at, other, fine)
}

/** `2026-11-24T14:03:07`, as a field for date and time wants it, and the moment that it means. */
export function toField(at: number, zone: string): string {
  const offset = zone === 'UTC' ? 0 : new Date(at).getTimezoneOffset() * 60_000
  return new Date(at - offset).toISOString().slice(0, 19)
}
export const fromField = (text: string, zone: string): number | null =>
  text === '' ? null : new Date(zone === 'UTC' ? `${text}Z` : text).getTime()
