import { expectAccessible, expectFitsWidth } from './browser/accessible.ts'
import { expectConnected, openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { hello } from './stack/programs.ts'
import { until } from './stack/until.ts'

test('a service’s metrics: charts that move with its calls, by environment and caller, by keyboard, with a table behind; the same after a restart', async ({
  page,
  shell,
  stack,
}) => {
  await shell.deploy('measured', hello())
  await openService(page, 'measured', { tab: 'Metrics' })
  await expectConnected(page)
  await expect(page.getByText('No calls in the last hour')).toBeVisible()
  await expectAccessible(page)

  const call = (...more: string[]) => shell.json(['call', 'measured', 'Hello', '{"name":"a"}', ...more])
  const row = (name: string) => page.getByRole('row').filter({ hasText: name })
  for (let n = 0; n < 3; n++) await call()
  // Nobody touches the page: the calls come to it.
  await expect(row('together')).toContainText('3')
  await expect(row('together')).toContainText('none')
  await call()
  await expect(row('together').getByRole('cell').nth(1)).toHaveText('4')

  const requests = page.getByRole('slider', { name: 'Requests at a time' })
  await requests.focus()
  await page.keyboard.press('End')
  await page.keyboard.press('ArrowLeft')
  await expect(requests).toHaveAttribute('aria-valuetext', /^\d\d:\d\d:\d\d: [\d.]+ \/(s|min)$/)
  await page.keyboard.press('Escape')
  const numbers = page.getByRole('region', { name: 'Requests', exact: true })
  await numbers.getByText('Numbers').click()
  await expect(numbers.getByRole('table').getByRole('row')).not.toHaveCount(1)
  await expectAccessible(page)

  await shell.json(['env', 'create', 'mia'])
  await call('--env', 'mia')
  await page.getByRole('radio', { name: 'By environment' }).check({ force: true })
  await expect(row('mia').getByRole('cell').nth(1)).toHaveText('1')
  await expect(row('production').getByRole('cell').nth(1)).toHaveText('4')
  await page.getByRole('radio', { name: 'By caller' }).check({ force: true })
  await expect(row('people and tokens').getByRole('cell').nth(1)).toHaveText('4')
  for (const range of ['6 h', '24 h', '7 d', '30 d']) {
    await page.getByRole('radio', { name: range }).check({ force: true })
    await expect(row('people and tokens').getByRole('cell').nth(1)).toHaveText('4')
  }
  await page.setViewportSize({ width: 390, height: 844 })
  await expectFitsWidth(page)
  await expectAccessible(page)

  // Both that count are killed, one after the other: nothing is counted twice, and what was told is not lost.
  await stack.kill('runtime')
  await until(
    'the runtime is back',
    async () =>
      await shell.json(['status', 'measured']).then(
        () => true,
        () => false,
      ),
    { withinMs: 20_000 },
  )
  await page.reload()
  await expect(row('people and tokens').getByRole('cell').nth(1)).toHaveText('4')
  await stack.kill('gateway')
  await until(
    'the gateway is back',
    () =>
      call().then(
        () => true,
        () => false,
      ),
    { withinMs: 20_000 },
  )
  await expect(row('people and tokens').getByRole('cell').nth(1)).toHaveText('5')
})

test('few calls: one latency is told as it was, the same on both screens; of some only about', async ({
  page,
  shell,
}) => {
  await shell.deploy('few', hello())
  const call = () => shell.json(['call', 'few', 'Hello', '{"name":"a"}'])
  await call()
  await openService(page, 'few', { tab: 'Metrics' })
  await expectConnected(page)
  const cell = (at: number) => page.getByRole('row').filter({ hasText: 'together' }).getByRole('cell').nth(at)
  await expect(cell(1)).toHaveText('1')
  const [p50, p99] = [await cell(4).innerText(), await cell(6).innerText()]
  expect(p50).toMatch(/^[\d.]+ m?s$/)
  expect(p99).toBe(p50)
  await openService(page, 'few')
  const hour = page.getByRole('region', { name: 'The last hour' })
  await expect(hour).toContainText(`Latency p50 · last hour${p50}`)
  await expect(hour).toContainText(`Latency p99 · last hour${p50}`)
  await call()
  await expect(hour).toContainText(/Latency p99 · last hourabout [\d.]+ m?s/)
})
