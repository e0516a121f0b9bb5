import type { Page } from '@playwright/test'
import { deployButton, expectDeployed, expectEditorShows, typeInEditor } from './browser/editor.ts'
import { catalogueRow, openService, openTab, serviceUrl } from './browser/screens.ts'
import { invited, signIn } from './browser/people.ts'
import { expect, test } from './browser/test.ts'

/** A shop front that asks another service for the price. */
const front = (words: string) => ({
  'index.ts': `import { service, endpoint, call } from '@m3o/sdk'
import { z } from 'zod'

export default service({
  Quote: endpoint({
    request: z.object({ item: z.string() }),
    response: z.object({ text: z.string() }),
    run: async ({ item }) => {
      const { cents } = await call<{ cents: number }>('prices', 'Price', { item })
      return { text: \`${words} \${item} for \${cents}\` }
    },
  }),
})
`,
})

const prices = (cents: number) => ({
  'index.ts': `import { service, endpoint } from '@m3o/sdk'
import { z } from 'zod'

export default service({
  Price: endpoint({ request: z.object({ item: z.string() }), response: z.object({ cents: z.number() }), run: async () => ({ cents: ${cents} }) }),
})
`,
})

async function makeEnvironment(page: Page, name: string): Promise<void> {
  await page.goto('/demo/production/environments')
  await page.getByRole('button', { name: 'New environment' }).click()
  const dialog = page.getByRole('dialog', { name: 'New environment' })
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('button', { name: 'Create environment' }).click()
  await expect(page).toHaveURL(new RegExp(`/demo/${name}/`))
}

async function change(
  page: Page,
  service: string,
  { environment, from, to }: { environment: string; from: string; to: string },
): Promise<void> {
  await openService(page, service, { environment, tab: 'Code' })
  await expectEditorShows(page, from)
  await typeInEditor(page, to)
  await deployButton(page, environment).click()
  await expectDeployed(page)
}

async function expectQuote(page: Page, environment: string, text: string): Promise<void> {
  await page.goto(serviceUrl('front', { environment, tab: 'API' }))
  await page.getByLabel('item', { exact: true }).fill('tea')
  await page.getByRole('button', { name: /^Send/ }).click()
  await expect(page.getByText(text)).toBeVisible()
}

test('two engineers change the same system at once, and neither sees the other', async ({
  page,
  shell,
  stack,
  openWindow,
}) => {
  await shell.deploy('prices', prices(100))
  await shell.deploy('front', front('Buy'))
  const ben = await invited(stack, shell, {
    email: 'ben@example.com',
    password: 'changes the front',
    role: 'developer',
  })
  const bens = await openWindow()
  await signIn(bens, ben)
  await makeEnvironment(page, 'ada')
  await makeEnvironment(bens, 'ben')

  // Ada changes what is called, Ben the one that calls; both at once.
  await Promise.all([
    change(page, 'prices', { environment: 'ada', from: 'cents: 100', to: prices(250)['index.ts'] }),
    change(bens, 'front', { environment: 'ben', from: 'Buy', to: front('Order')['index.ts'] }),
  ])
  await Promise.all([expectQuote(page, 'ada', 'Buy tea for 250'), expectQuote(bens, 'ben', 'Order tea for 100')])
  expect(await shell.json(['call', 'front', 'Quote', '--item', 'tea'])).toEqual({ text: 'Buy tea for 100' })

  await test.step('the trace says whose copy answered at each step, and why', async () => {
    await page.getByText('Trace', { exact: true }).first().click()
    const calls = page.getByRole('list', { name: 'Calls of the trace' }).getByRole('listitem')
    await expect(calls).toHaveCount(2)
    await expect(calls.nth(0)).toContainText(/front.*ada.*inherited from production/s)
    await expect(calls.nth(1)).toContainText(/prices.*ada.*same as the call before it.*its own revision/s)
  })

  await test.step('each catalogue says what is one’s own and what is inherited', async () => {
    await page.goto('/demo/ada/services')
    await expect(catalogueRow(page, 'prices')).not.toContainText('production')
    await expect(catalogueRow(page, 'front')).toContainText('production')
    await openTab(bens, 'Overview')
    await expect(bens.getByRole('list', { name: 'State in each environment' })).toContainText(
      /ada.*inherited from production/s,
    )
  })
  for (const name of ['ada', 'ben']) await shell.json(['env', 'delete', name, '--yes'])
})
