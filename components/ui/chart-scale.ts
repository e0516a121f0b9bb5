import { timeIn } from './exact-time.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const paces = [
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  5 * day,
  10 * day,
]
const mostMarks = 7

/** The next round number: 1, 2, 2.5 or 5 and noughts. 1 for nothing. */
export function roundTop(most: number): number {
  if (!(most > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(most))
  return [1, 2, 2.5, 5, 10].map((digit) => digit * power).find((top) => top >= most * (1 - 1e-9)) ?? 10 * power
}

/** Round times of the given zone between two moments, at most seven. */
export function timeMarks(from: number, to: number, zone: string): { at: number; words: string }[] {
  const pace = paces.find((each) => (to - from) / each <= mostMarks) ?? day * 10
  const midnight = zone === 'UTC' ? new Date(from).setUTCHours(0, 0, 0, 0) : new Date(from).setHours(0, 0, 0, 0)
  const marks: number[] = []
  if (pace < day || zone === 'UTC')
    for (let at = midnight + Math.ceil((from - midnight) / pace) * pace; at <= to; at += pace) marks.push(at)
  // Days are not all 24 hours long.
  else
    for (const at = new Date(midnight); at.getTime() <= to; at.setDate(at.getDate() + pace / day))
      if (at.getTime() >= from) marks.push(at.getTime())
  return marks.map((at) => ({ at, words: timeIn(zone, at, pace < day ? 'minutes' : 'day') }))
}

/** Of a step: "14:20", with its day where the whole is longer than one, and its seconds where steps are shorter than a minute. */
export function spokenStep(
  at: number,
  { stepMs, wholeMs, zone }: { stepMs: number; wholeMs: number; zone: string },
): string {
  const time = timeIn(zone, at, stepMs < minute ? 'seconds' : 'minutes')
  return wholeMs > day ? `${timeIn(zone, at, 'day')}, ${time}` : time
}
