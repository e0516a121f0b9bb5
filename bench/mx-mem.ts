import { setTimeout as delay } from 'node:timers/promises'
import { familiesOf, pssOf, samplesAnswer } from '#e2e/stack/families.ts'
import { startStack } from '#e2e/stack/stack.ts'
import { writeFileSync } from 'node:fs'
const stack = await startStack()
await samplesAnswer(stack)
const t0 = Date.now()
for (const [name, pids] of await familiesOf(stack)) console.log(name, pids.join(' '))
writeFileSync('/tmp/mx-stack.json', JSON.stringify({ url: stack.url, home: stack.home }))
process.on('SIGTERM', async () => { await stack.stop(); process.exit(0) })
for (;;) { await delay(15000); let s = `${Math.round((Date.now()-t0)/1000)} s: `; let sum = 0; for (const [name, pids] of await familiesOf(stack)) { const k = pids.reduce((a, p) => a + pssOf(p), 0) / 1024; sum += k; s += `${name} ${k.toFixed(0)} ` } console.log(s, sum.toFixed(0)) }
