import { buffer } from 'node:stream/consumers'
import { isUtf8 } from 'node:buffer'
import { pathFault } from '../path.ts'

/*
 * Run by pre-receive: reads paths that end in NUL, says on standard output which of them no checkout could have. One
 * rule for all ways in: a push that got past it would only fail later, when it is built.
 */

const most = 5

const faults: string[] = []
let left = 0
for (const path of split(await buffer(process.stdin))) {
  const fault = isUtf8(path) ? pathFault(path.toString('utf8')) : 'is not valid UTF-8'
  if (fault === undefined) continue
  if (faults.length < most) faults.push(`the path ${JSON.stringify(path.toString('utf8').slice(0, 120))} ${fault}`)
  else left += 1
}
if (left > 0) faults.push(`${left} more paths like these`)
process.stdout.write(faults.join('\n'))

function* split(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start)
    yield bytes.subarray(start, end < 0 ? bytes.length : end)
    start = end < 0 ? bytes.length : end + 1
  }
}
