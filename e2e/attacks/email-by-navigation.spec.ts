import { expectAccessible, expectFitsWidth } from '../browser/accessible.ts'
import { signIn } from '../browser/people.ts'
import { expect, test } from '../browser/test.ts'
import { Shell } from '../stack/command.ts'
import { reporter } from '../stack/programs.ts'

test('a service learns who opens it only once they agree, and not any more when they take it back', async ({
  stack,
  shell,
  openWindow,
}) => {
  test.slow()
  const person = { email: 'visitor@example.com', password: 'a careful visitor' }
  await shell.deploy('curious', reporter)
  await shell.json(['share', 'curious', '--platform'])
  const { link } = await shell.json<{ link: string }>(['invite', 'create', person.email, '--role', 'developer'])
  await using theirs = await Shell.open(stack)
  await theirs.json(['invite', 'accept', link, '--name', 'Visitor', '--password-stdin'], {
    input: `${person.password}\n`,
  })
  await theirs.json(['login', '--email', person.email, '--password-stdin'], { input: `${person.password}\n` })
  await theirs.json(['team', 'create', 'visitors'])
  await shell.json(['member', 'remove', person.email])

  const page = await openWindow()
  await signIn(page, person)
  const host = `curious--demo.localhost:${new URL(stack.gatewayUrl).port}`
  // As the service would lead them there.
  await page.goto(`${stack.url}/handover?host=${encodeURIComponent(host)}&to=${encodeURIComponent('//evil.example/')}`)
  await expect(page.getByRole('heading', { name: 'Sign in to curious?' })).toBeVisible()
  await expect(page.getByRole('main')).toContainText(`signed in as ${person.email}`)
  // Nobody has shown that this address is theirs, so the service is not told it.
  await expect(page.getByRole('definition')).toHaveText([
    'your account’s id, because your address is not confirmed',
    'visitors',
  ])
  await expectAccessible(page)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 })
      await expectFitsWidth(page)
      if (process.env.M3O_SHOTS !== undefined)
        await page.screenshot({ path: `${process.env.M3O_SHOTS}/consent-${colorScheme}-${width}.png` })
    }
  }
  const agreeing = page.url()
  const answer = await page.request.get(agreeing)
  expect(answer.headers()['x-frame-options']).toBe('DENY')
  expect(answer.headers()['content-security-policy']).toContain("frame-ancestors 'none'")

  // A page of somebody else's cannot press the button.
  const forged = await page.request.post(`${stack.url}/api/trpc/person.agree?batch=1`, {
    data: { 0: { host, serviceId: 'x' } },
    headers: { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' },
  })
  expect(forged.status()).toBe(403)

  // Somebody who is made to click again and again at one place agrees to nothing in the first second.
  await page.reload()
  const agree = page.getByRole('button', { name: 'Agree and continue' })
  await agree.dispatchEvent('click')
  await expect(agree).not.toHaveAttribute('aria-busy')
  await expect(agree).toHaveAttribute('aria-disabled', 'true')
  await expect(agree).not.toHaveAttribute('aria-disabled')
  await expect(page.getByRole('heading', { name: 'Sign in to curious?' })).toBeVisible()
  await agree.click()
  await page.waitForURL(`http://${host}/`)
  expect(JSON.parse(await page.locator('body').innerText())).toMatchObject({
    caller: expect.stringMatching(/^id="u_[0-9a-z]+", team="visitors"$/),
  })
  // Asked once.
  await page.goto(`${stack.url}/handover?host=${encodeURIComponent(host)}&to=/again`)
  await page.waitForURL(`http://${host}/again`)

  await page.goto(`${stack.url}/visitors/production/settings?tab=account`)
  await expect(page.getByRole('list', { name: 'Services with your consent' })).toContainText('@demo/curious')
  if (process.env.M3O_SHOTS !== undefined)
    await page.screenshot({ path: `${process.env.M3O_SHOTS}/consents.png`, fullPage: true })
  await page.getByRole('button', { name: 'Withdraw consent for @demo/curious' }).click()
  await expect(page.getByRole('list', { name: 'Services with your consent' })).toHaveCount(0)
  await page.goto(`http://${host}/`)
  await expect(page.getByRole('heading', { name: 'Sign in to curious?' })).toBeVisible()
})
