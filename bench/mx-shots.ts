import { chromium } from '@playwright/test'
import { join } from 'node:path'
import { openDb } from '#db/open.ts'
import { environments, metrics, services, teams } from '#db/schema.ts'
import { signIn } from '#e2e/browser/people.ts'
import { samplesAnswer } from '#e2e/stack/families.ts'
import { admin, startStack } from '#e2e/stack/stack.ts'
import { emptySlot, encodeSlots } from '#runtime/traffic/slot.ts'
const stack = await startStack()
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  await samplesAnswer(stack)
  await using o = openDb({ socketDir: join(stack.home, 'pg'), database: 'm3o', user: 'm3o' }, 1)
  const all = await o.db.select().from(services); const [env] = await o.db.select().from(environments); void teams
  for (const s of all) for (const [caller, f] of [['person', 1], ['anyone', 0.4], [`service/${all.find((x) => x.id !== s.id)?.id}`, 2]] as const) for (const seconds of [10, 60, 3600]) {
    const row = seconds * 1000 * 120
    for (let k = 0; k < (seconds === 3600 ? 7 : seconds === 60 ? 14 : 5); k++) {
      const startsAt = Math.floor(Date.now() / row) * row - k * row
      const slots = new Map()
      for (let n = 0; n < 120; n++) {
        const at = startsAt + n * seconds * 1000; if (at > Date.now()) break
        const wave = (1.4 + Math.sin(at / 3.6e6) + Math.sin(at / 4e5) * 0.4) * f * seconds * 0.8
        const requests = Math.max(0, Math.round(wave + (Math.random() - 0.5) * wave * 0.4)); if (requests === 0) continue
        const latency = emptySlot().latency; latency[2] = Math.round(requests * 0.6); latency[4] = Math.round(requests * 0.3); latency[6 + (n % 3)] = requests - latency[2] - latency[4]
        slots.set(n, { ...emptySlot(), requests, errors: Math.random() < 0.05 ? Math.ceil(requests * 0.02) : 0, busyMs: requests * 14, totalMs: requests * 11, latency })
      }
      await o.db.insert(metrics).values({ serviceId: s.id, environmentId: env!.id, caller, seconds, startsAt, slots: encodeSlots(slots) }).onConflictDoNothing()
    }
  }
  const context = await browser.newContext({ baseURL: stack.url })
  const page = await context.newPage(); await signIn(page, admin); const state = await context.storageState()
  for (const [name, width, scheme] of [['wide-light', 1440, 'light'], ['wide-dark', 1440, 'dark'], ['narrow-light', 390, 'light'], ['narrow-dark', 390, 'dark']] as const) {
    const c = await browser.newContext({ baseURL: stack.url, storageState: state, viewport: { width, height: 1000 }, colorScheme: scheme })
    const p = await c.newPage()
    await p.goto('/demo/production/services/guestbook/metrics'); await p.getByRole('slider').first().waitFor(); await p.waitForTimeout(800)
    await p.getByRole('slider').nth(2).hover({ position: { x: 120, y: 60 } })
    await p.screenshot({ path: `/tmp/mx-${name}-1h.png` })
    await p.goto('/demo/production/services/guestbook/metrics?range=30d&by=caller'); await p.getByRole('slider').first().waitFor(); await p.waitForTimeout(600)
    await p.screenshot({ path: `/tmp/mx-${name}-30d.png`, fullPage: true })
    if (width > 400) { await p.goto('/demo/production/services'); await p.waitForTimeout(1500); await p.screenshot({ path: `/tmp/mx-${name}-cat.png` }) 
      await p.goto('/demo/production/services/guestbook/overview'); await p.waitForTimeout(1500); await p.screenshot({ path: `/tmp/mx-${name}-over.png` }) }
    await c.close()
  }
} finally { await browser.close(); await stack.stop() }
