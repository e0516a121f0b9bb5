import { expectAccessible } from './browser/accessible.ts'
import { expect, test } from './browser/test.ts'

const server = (answer: string) => ({
  'package.json': '{ "type": "module" }',
  'index.js': `import { createServer } from 'node:http'
import { EventEmitter, on } from 'node:events'
const jobs = new EventEmitter()
${answer}
createServer((request, response) => (request.url === '/health' ? response.end() : jobs.emit('job', response.setHeader('content-type', 'application/json')))).listen(process.env.PORT, process.env.HOST)
`,
})
/** One loop, begun before any call, makes the calls of all: Node cannot know whose they are. */
const losing = server(`void (async () => {
  for await (const [response] of on(jobs, 'job')) response.end(await (await fetch(process.env.M3O_GATEWAY + '/stock/x')).text())
})()`)
const stock = server(
  `jobs.on('job', (response) => response.end(JSON.stringify({ from: process.env.M3O_ENVIRONMENT })))`,
)

/** One loop, begun by the first call, makes the calls of all in its context. */
const mistaking = server(`const waiting = []
let working = false
jobs.on('job', async (response) => {
  waiting.push(response)
  if (working) return
  working = true
  while (waiting.length > 0) {
    const text = await (await fetch(process.env.M3O_GATEWAY + '/stock/x')).text()
    waiting.shift().end(text)
    await new Promise((resolve) => setTimeout(resolve, 400))
  }
  working = false
})`)

test('calls that a service lets fall out of their environment are counted on its page, with whom it called and what to do', async ({
  page,
  shell,
}) => {
  await shell.deploy('stock', stock)
  await shell.deploy('orders', losing)
  await shell.json(['env', 'create', 'lia'])
  await shell.deploy('stock', stock, '--env', 'lia')
  for (let n = 0; n < 3; n++)
    expect(await shell.json(['call', 'orders', 'x', '--env', 'lia'])).toEqual({ from: 'production' })

  const told = page.getByRole('region', { name: 'Calls that lost their environment' })
  // Counted within a second: the page may be there sooner.
  await page.goto('/demo/lia/services/orders')
  await expect(told).toContainText('3 calls to stock lost their environment and were made in production, by revision')
  await expect(told).toContainText('AsyncResource.bind')
  await expect(told.getByRole('link', { name: 'stock' })).toHaveAttribute('href', '/demo/lia/services/stock/overview')
  await expectAccessible(page)

  // The copy in lia calls there whatever it loses.
  await shell.deploy('orders', losing, '--env', 'lia')
  expect(await shell.json(['call', 'orders', 'x', '--env', 'lia'])).toEqual({ from: 'lia' })
  await page.goto('/demo/lia/services/orders')
  await expect(
    page
      .getByRole('table', { name: 'Traffic' })
      .or(page.getByRole('heading', { name: 'Instances' }))
      .first(),
  ).toBeVisible()
  await expect(told).toHaveCount(0)
})

test('calls that are made for one that was answered, as by a queue of the service’s own, are told apart', async ({
  page,
  shell,
}) => {
  await shell.deploy('stock', stock)
  await shell.deploy('bills', mistaking)
  await shell.json(['env', 'create', 'carla'])
  const told = page.getByRole('region', { name: 'Calls made after the response' })
  // Several of both environments have to wait at once.
  await expect(async () => {
    await Promise.all(
      ['carla', 'production', 'carla', 'production'].map((name) => shell.json(['call', 'bills', 'x', '--env', name])),
    )
    await page.goto('/demo/production/services/bills')
    await expect(told).toBeVisible({ timeout: 3_000 })
  }).toPass()
  await expect(told).toContainText(/calls? to stock w(as|ere) made for a finished call/)
  await expectAccessible(page)
})
