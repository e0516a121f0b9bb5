/**
 * From a service that writes a line to the person who sees it: a real platform, a real service in its sandbox, a real
 * browser. `node bench/logs-live.ts [SECONDS]` prints p50 and p99 at 1,000 and 10,000 lines a second, and the ratio of the
 * limit (100 ms at 1,000) to the p99. A line counts as seen in the first painted frame that shows it or a later one; the
 * service's clock and the page's are the machine's own.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from '@playwright/test'
import { freePort } from '#e2e/platform/processes.ts'

const limitMs = 100
const seconds = Number(process.argv[2] ?? 8)
const checkout = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'm3o-bench-live-'))
const [port, gatewayPort] = [await freePort(), await freePort()]
const url = `http://127.0.0.1:${port}`
const person = { email: 'bench@example.com', password: 'a-long-enough-password' }
const env = {
  ...process.env,
  M3O_HOME: join(folder, 'home'),
  M3O_PORT: String(port),
  M3O_GATEWAY_PORT: String(gatewayPort),
  M3O_SAMPLES: '0',
  M3O_ADMIN_EMAIL: person.email,
  M3O_ADMIN_PASSWORD: person.password,
  XDG_CONFIG_HOME: join(folder, 'config'),
  M3O_URL: url,
}

const service = `
const http = require('node:http')
let count = 0
http.createServer((request, response) => {
  const asked = new URL(request.url, 'http://x').searchParams
  const [rate, seconds] = [Number(asked.get('rate')), Number(asked.get('seconds'))]
  const began = performance.now()
  let written = 0
  const timer = setInterval(() => {
    const due = Math.min(rate * seconds, Math.floor((performance.now() - began) * rate / 1000))
    let text = ''
    for (; written < due; written++) text += 'n=' + ++count + ' t=' + Date.now() + ' GET /v1/orders/' + count + ' 200 in 3 ms\\n'
    if (text !== '') process.stdout.write(text)
    if (written >= rate * seconds) { clearInterval(timer); response.end(String(count)) }
  }, 2)
}).listen(process.env.PORT, process.env.HOST)
`

const platform = spawn(
  process.execPath,
  ['--disable-warning=ExperimentalWarning', join(checkout, 'cli/server/start.ts')],
  { env, stdio: ['ignore', 'pipe', 'inherit'] },
)
try {
  await ready()
  const token = deploy()
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.addInitScript(knowFrames)
    await signIn(page)
    await page.goto(`${url}/demo/production/services/speaker/logs`)
    await page.locator('[data-log]').waitFor()
    await speak(token, 200, 2)
    for (const rate of [1_000, 10_000]) await measure(page, token, rate)
  } finally {
    await browser.close()
  }
} finally {
  platform.kill('SIGTERM')
  await once(platform, 'exit')
  rmSync(folder, { recursive: true, force: true })
}

async function measure(page: Page, token: string, rate: number): Promise<void> {
  await page.evaluate(watch)
  const last = Number(await speak(token, rate, seconds))
  const first = last - rate * seconds + 1
  await page.locator('[data-log]').getByText(`n=${last} `).waitFor({ timeout: 60_000 })
  const { paints, frames } = await page.evaluate(() =>
    (window as unknown as { seen: () => { paints: [number, number][]; frames: number[] } }).seen(),
  )
  const written = m3o('logs', 'speaker', '--json', '-n', String(rate * seconds))
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { text, time } = JSON.parse(line) as { text: string; time: string }
      return [Number(/n=(\d+)/.exec(text)?.[1]), Number(/t=([\d.]+)/.exec(text)?.[1]), Date.parse(time)] as const
    })
  const waits: number[] = []
  const readAfter: number[] = []
  let paint = 0
  for (const [count, at, readAt] of written) {
    if (count < first) continue
    while (paint < paints.length && (paints[paint]?.[0] ?? 0) < count) paint++
    readAfter.push(readAt - at)
    waits.push((paints[paint]?.[1] ?? Infinity) - at)
  }
  if (waits.length !== rate * seconds) throw new Error(`${waits.length} of ${rate * seconds} lines are in the log`)
  const p99 = share(waits, 0.99)
  if (rate === 1_000 && p99 > limitMs) process.exitCode = 1
  console.log(
    `${String(rate).padStart(6)} lines/s  read by the platform after p50 ${share(readAfter, 0.5).toFixed(0)} ms, p99 ${share(readAfter, 0.99).toFixed(0)} ms; seen after p50 ${share(waits, 0.5).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms  (${paints.length} paintings, ` +
      `frames ${(frames.length / seconds).toFixed(0)}/s, p99 ${share(frames, 0.99).toFixed(0)} ms)  ratio ${(limitMs / p99).toFixed(2)} to ${limitMs} ms`,
  )
}

/** Runs in the page before its own scripts: `inFrame` while a frame is being made. */
function knowFrames(): void {
  const ask = window.requestAnimationFrame.bind(window)
  window.requestAnimationFrame = (run) =>
    ask((now) => {
      Object.assign(window, { inFrame: true })
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        port1.close()
        Object.assign(window, { inFrame: false })
      }
      port2.postMessage(null)
      run(now)
    })
}

/** Runs in the page: notes when each new newest line was painted, and the length of each frame. */
function watch(): void {
  const paints: [number, number][] = []
  const frames: number[] = []
  let newest = 0
  let before = performance.now()
  let stop = false
  const log = document.querySelector('[data-log]') as HTMLElement
  const afterPaint = () =>
    new Promise<void>((resolve) => {
      // A frame's own callbacks come before it is painted, a message after.
      if ((window as unknown as { inFrame: boolean }).inFrame) message(resolve)
      else requestAnimationFrame(() => message(resolve))
    })
  const message = (then: () => void) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      then()
    }
    port2.postMessage(null)
  }
  const look = () => {
    const rows = log.querySelectorAll('[data-row]')
    const last = Number(/n=(\d+)/.exec(rows[rows.length - 1]?.textContent ?? '')?.[1] ?? 0)
    if (last <= newest) return
    newest = last
    void afterPaint().then(() => paints.push([last, Date.now()]))
  }
  const observer = new MutationObserver(look)
  observer.observe(log, { subtree: true, childList: true, characterData: true })
  const frame = () => {
    const now = performance.now()
    frames.push(now - before)
    before = now
    if (!stop) requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  Object.assign(window, {
    seen: () => {
      stop = true
      observer.disconnect()
      return { paints, frames }
    },
  })
}

async function speak(token: string, rate: number, forSeconds: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${gatewayPort}/v1/speaker/speak?rate=${rate}&seconds=${forSeconds}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  if (!answer.ok) throw new Error(`the service answered ${answer.status}: ${await answer.text()}`)
  return answer.text()
}

async function signIn(page: Page): Promise<void> {
  await page.goto(`${url}/sign-in`)
  await page.getByLabel('Email').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL((at) => !at.pathname.startsWith('/sign-in'))
}

function deploy(): string {
  execFileSync(process.execPath, [join(checkout, 'bin/m3o'), 'login', '--email', person.email, '--password-stdin'], {
    env,
    input: person.password,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const source = join(folder, 'speaker')
  mkdirSync(source)
  writeFileSync(join(source, 'package.json'), '{"name":"speaker"}')
  writeFileSync(join(source, 'index.js'), service)
  m3o('deploy', source)
  return (JSON.parse(m3o('token', 'create', 'bench', '--json')) as { token: string }).token
}

function m3o(...words: string[]): string {
  return execFileSync(process.execPath, [join(checkout, 'bin/m3o'), ...words], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 30,
  }).toString()
}

function ready(): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    platform.once('exit', () => reject(new Error(`the platform did not start: ${said}`)))
    platform.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('M3O is ready')) resolve()
    })
  })
}

function share(values: number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}
