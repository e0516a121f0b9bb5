import { signIn } from './browser/people.ts'
import { expectAccessible, expectFitsWidth } from './browser/accessible.ts'
import { test, expect } from './browser/test.ts'
import { Shell } from './stack/command.ts'
import { admin } from './stack/stack.ts'
import { hello } from './stack/programs.ts'

const readme = { 'README.md': '# Rates\n\nExchange rates of the central bank, every day at four.\n\n| currency | rate |\n|---|---|\n| EUR | 1.08 |\n\n<img src=x onerror=alert(1)>\n\n[click](javascript:alert(1)) ![pixel](https://evil.example/p.png)', 'docs/usage.md': '# Usage\n\nCall `Hello` with a name.', 'docs/limits.md': '# Limits\n\nA hundred calls a minute.' }
const second = () => ({ 'index.ts': hello()['index.ts']!.replace("response: z.object({ message: z.string() })", 'response: z.object({ text: z.string() })').replace('({ message:', '({ text:') })

test('looks', async ({ page, shell, stack, openWindow }) => {
  test.setTimeout(240_000)
  const tell = (on: typeof page) => on.context().on('weberror', (e) => console.log('WEBERROR', e.page()?.url(), JSON.stringify(e.error(), Object.getOwnPropertyNames(e.error()))))
  tell(page)
  await shell.deploy('rates', { ...hello(), ...readme })
  await using theirs = await Shell.open(stack)
  const { link } = await shell.json<{ link: string }>(['invite', 'create', 'nina@example.com', '--role', 'viewer'])
  const nina = { email: 'nina@example.com', password: 'a neighbour of ours' }
  await theirs.json(['invite', 'accept', link, '--name', 'nina', '--password-stdin'], { input: `${nina.password}\n` })
  await theirs.json(['login', '--email', nina.email, '--password-stdin'], { input: `${nina.password}\n` })
  await theirs.json(['team', 'create', 'shop'])
  await theirs.json(['team', 'use', 'shop'])
  await shell.json(['share', 'rates', '--with', 'shop', '--per-minute', '600', '--source', 'callers'])
  await shell.json(['describe', 'rates', '--tags', 'money, bank', '--contact', '#rates-oncall'])
  for (let n = 0; n < 8; n++) await theirs.m3o(['call', '@demo/rates', 'Hello', '--name', 'x'])
  await theirs.json(['follow', '@demo/rates'])
  await shell.json(['share', 'rates', '--approval'])
  await theirs.json(['consumer', 'ask', '@demo/rates', '--reason', 'We show prices in the currency of whoever looks at them, some 40 times a minute.'])
  await shell.deploy('rates', { ...second(), ...readme })
  await shell.json(['deprecate', 'rates', '-m', 'rates-2 has the rates of all banks', '--sunset', '2027-01-31'])
  const window = await openWindow()
  tell(window)
  await signIn(window, nina)
  const shot = async (on: typeof page, name: string) => {
    for (const [w, h] of [[1440, 900], [390, 844]] as const) for (const scheme of ['light', 'dark'] as const) {
      await on.setViewportSize({ width: w, height: h })
      await on.emulateMedia({ colorScheme: scheme })
      await on.waitForTimeout(250)
      await on.screenshot({ path: `/tmp/looks/${name}-${w}-${scheme}.png` })
    }
    await expectFitsWidth(on)
    await on.setViewportSize({ width: 1440, height: 900 })
    await on.emulateMedia({ colorScheme: 'light' })
    await expectAccessible(on)
  }
  await window.goto('/shop/production/services')
  await expect(window.getByText('@demo/')).toBeVisible()
  await shot(window, 'catalogue')
  await window.getByRole('button', { name: /What changed/ }).click()
  await window.waitForTimeout(800)
  await shot(window, 'changed')
  await window.keyboard.press('Escape')
  for (const view of ['call', 'docs', 'source', 'usage']) {
    await window.goto(`/shop/production/shared/demo/rates?view=${view}`)
    await window.waitForTimeout(1500)
    await shot(window, `shared-${view}`)
  }
  await page.goto('/demo/production/services/rates/consumers')
  await expect(page.getByText('They ask to call it')).toBeVisible()
  await shot(page, 'consumers')
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.waitForTimeout(600)
  await shot(page, 'approve')
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
  await expect(page.getByText('They ask to call it')).toBeHidden()
  await page.goto('/demo/production/services/rates/settings')
  await page.getByRole('button', { name: /^Share/ }).click()
  await page.waitForTimeout(800)
  await shot(page, 'share')
  await page.getByLabel('Its team').check()
  await page.waitForTimeout(400)
  await shot(page, 'share-narrow')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Deprecate the service' }).click()
  await page.waitForTimeout(800)
  await shot(page, 'deprecate')
  await page.keyboard.press('Escape')
  await page.waitForTimeout(300)
  await shot(page, 'settings')
  await page.goto('/demo/production/services/rates/deployments')
  await page.getByRole('main').getByRole('link', { name: /Deploy from a folder/ }).first().click()
  await expect(page.getByRole('list', { name: 'Endpoints that changed' })).toBeVisible()
  await shot(page, 'diff')
  await page.goto('/demo/production/services/rates/overview')
  await page.waitForTimeout(1000)
  await shot(page, 'overview')
  void admin
})
