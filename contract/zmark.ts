import { appendFileSync } from 'node:fs'
let buffer = ''
let timer: NodeJS.Timeout | undefined
const who = process.argv[1]?.includes('web') || process.argv[1]?.includes('server') ? 'W' : process.argv[1]?.includes('runtime') ? 'R' : 'C'
export function mark(what: string): void {
  buffer += `${(performance.timeOrigin + performance.now()).toFixed(2)} ${who} ${what}\n`
  timer ??= setTimeout(() => { timer = undefined; appendFileSync('/tmp/marks.log', buffer); buffer = '' }, 500)
}
