import { openService, openTab } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'

const forms = {
  'index.ts': `import { service, endpoint } from '@m3o/sdk'
import { z } from 'zod'

export default service({
  Echo: endpoint({
    request: z.object({ value: z.union([z.string(), z.number()]), count: z.number().optional(), note: z.string().optional() }),
    response: z.object({ got: z.string() }),
    run: async (input) => ({ got: JSON.stringify(input) }),
  }),
  Slow: endpoint({
    request: z.object({}),
    response: z.object({}),
    run: async () => { await new Promise((resolve) => setTimeout(resolve, 60_000)); return {} },
  }),
  Ten: endpoint({
    request: z.object({}),
    response: z.object({ n: z.number() }),
    stream: async function* () { for (let n = 1; n <= 10; n++) yield { n } },
  }),
})
`,
}

test('a form has a field for each type of a union, keeps what was typed, and sends nothing invalid', async ({
  page,
  shell,
}) => {
  await shell.deploy('forms', forms)
  await openService(page, 'forms', { tab: 'API' })
  const send = page.getByRole('button', { name: 'Send to production' })
  const sent: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('calls.send')) sent.push(request.postData() ?? '')
  })

  await page.getByLabel('Type of value').selectOption('number')
  await page.getByLabel('value', { exact: true }).fill('7')
  await page.getByLabel('count', { exact: true }).fill('12a')
  await send.click()
  await expect(page.getByText('Enter a number')).toBeVisible()
  expect(sent).toEqual([])

  await openTab(page, 'Overview')
  await openTab(page, 'API')
  await expect(page.getByLabel('count', { exact: true })).toHaveValue('12a')
  await page.reload()
  await expect(page.getByLabel('count', { exact: true })).toHaveValue('12a')
  await page.getByLabel('count', { exact: true }).fill('12')
  await send.click()
  await expect(page.getByLabel('Body of the response')).toContainText(String.raw`{\"value\":7,\"count\":12}`)
  expect(sent).toHaveLength(1)

  await test.step('a request is saved by name and put back', async () => {
    await page.getByRole('radio', { name: 'Saved' }).check({ force: true })
    await page.getByLabel('Name of the request').fill('seven')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'Start over' }).click()
    await expect(page.getByLabel('count', { exact: true })).toHaveValue('')
    await page
      .getByRole('list', { name: 'Saved requests' })
      .getByRole('button', { name: /^seven/ })
      .click()
    await expect(page.getByLabel('count', { exact: true })).toHaveValue('12')
  })

  await test.step('a call is cancelled', async () => {
    await page.goto('/demo/production/services/forms/api?endpoint=Slow')
    await send.click()
    await expect(page.getByText('Waiting for the response')).toBeVisible()
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await expect(page.getByText(/cancelled after/i)).toBeVisible()
  })

  await test.step('a stream of ten has ten messages', async () => {
    await page.goto('/demo/production/services/forms/api?endpoint=Ten')
    await send.click()
    await expect(page.getByText('the service ended it')).toBeVisible()
    await expect(page.getByText('10 messages', { exact: true })).toBeVisible()
  })
})

test('the reason why a search of the logs is refused covers no filter', async ({ page, shell, watch }) => {
  watch.expectComplaint(/\b400\b/)
  await shell.deploy('forms', forms)
  await page.goto('/demo/production/services/forms/logs?q=%2F(%2F')
  const remove = page.getByRole('list', { name: 'Active filters' }).getByRole('button', { name: /^Remove/ })
  await expect(page.getByRole('alert').filter({ hasText: /./ }).first()).toBeVisible()
  await remove.click({ timeout: 5_000 })
  await expect(remove).toBeHidden()
})
