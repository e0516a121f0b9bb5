import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { Shell } from '../stack/command.ts'
import { checkout, startStack } from '../stack/stack.ts'
import { until } from '../stack/until.ts'
import { fault } from './fault.ts'

const linesEach = 100_000
const perSecond = 40_000

/** On a call, numbers as many lines as it is asked for, at a steady rate. */
const writer = {
  'index.js': `
require('node:http').createServer((request, response) => {
  const total = Number(new URL(request.url, 'http://x').searchParams.get('lines') ?? 0)
  response.end('begins')
  const began = performance.now()
  let written = 0
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor((performance.now() - began) * ${perSecond / 1000}))
    let text = ''
    while (written < due) text += 'line ' + ++written + '\\n'
    if (text !== '') process.stdout.write(text)
    if (written === total && total > 0) clearInterval(timer)
  }, 5)
}).listen(process.env.PORT, process.env.HOST)
`,
}

/** The runtime is killed once for each 100,000 of the lines that a service writes meanwhile, at any moment of it. */
export default fault({
  title: 'The runtime is killed while a service writes numbered lines',
  full: 10,
  async *run(times) {
    await using cleanup = new AsyncDisposableStack()
    const stack = await startStack({ samples: false })
    cleanup.defer(() => stack.stop())
    const shell = cleanup.use(await Shell.ofAdmin(stack))
    await shell.deploy('writer', writer)
    const { token } = await shell.json<{ token: string }>(['token', 'create', 'writer'])
    const total = times * linesEach
    await fetch(`${stack.gatewayUrl}/v1/writer/x?lines=${total}`, { headers: { authorization: `Bearer ${token}` } })
    const began = performance.now()
    const backMs: number[] = []
    for (let time = 0; time < times; time++) {
      await delay(Math.max(0, began + ((time + Math.random()) * linesEach * 1_000) / perSecond - performance.now()))
      const killed = performance.now()
      const old = await stack.kill('runtime')
      await until(
        'the runtime is back',
        async () =>
          (await stack.pidOf('runtime')) !== old && (await shell.m3o(['logs', 'writer', '-n', '1'])).code === 0,
        { withinMs: 30_000 },
      )
      backMs.push(performance.now() - killed)
    }
    await until(
      'the last line is stored',
      async () => (await shell.m3o(['logs', 'writer', '-n', '20'])).stdout.includes(`line ${total}\n`),
      { withinMs: 60_000, everyMs: 500 },
    )
    const tookMs = performance.now() - began

    const seen = new Uint8Array(total + 1)
    const tally = { read: 0, twice: 0, disorder: 0, gaps: 0 }
    let [last, lastSeq] = [0, 0]
    const reader = spawn(join(checkout, 'bin/m3o'), ['logs', 'writer', '-n', String(total + 10_000), '--json'], {
      env: { ...process.env, M3O_URL: stack.url, M3O_TOKEN: token },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const line of createInterface({ input: reader.stdout })) {
      const entry = JSON.parse(line) as { gap?: number; seq: number; text: string }
      if (entry.gap !== undefined) tally.gaps++
      else if (lastSeq !== 0 && entry.seq !== lastSeq + 1) tally.disorder++
      lastSeq = entry.seq ?? lastSeq
      const number = Number(/^line (\d+)$/.exec(entry.text ?? '')?.[1] ?? 0)
      if (number === 0) continue
      tally.read++
      if (seen[number]) tally.twice++
      if (number !== last + 1) tally.disorder++
      seen[number] = 1
      last = number
    }
    let lost = 0
    for (let number = 1; number <= total; number++) if (!seen[number]) lost++
    yield {
      what: 'no line is lost',
      held: lost === 0 && tally.gaps === 0,
      measured: `${lost} of ${total}, ${tally.gaps} gaps, ${times} kills, written and stored in ${(tookMs / 1000).toFixed(1)} s`,
    }
    yield {
      what: 'none is there twice',
      held: tally.twice === 0 && tally.read === total,
      measured: `${tally.twice} of ${tally.read}`,
    }
    yield {
      what: 'in order, with gapless numbers',
      held: tally.disorder === 0,
      measured: `${tally.disorder} out of order`,
    }
  },
})
