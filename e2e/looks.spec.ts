import type { Page } from '@playwright/test'
import { expectAccessible, expectFitsWidth } from './browser/accessible.ts'
import { deployButton, editorOf, expectDeployed, expectEditorShows } from './browser/editor.ts'
import { expectConnected, header, openService, serviceUrl, type Tab } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { manyServices } from './stack/many-services.ts'
import { hello } from './stack/programs.ts'

const narrow = { width: 390, height: 844 }

/**
 * One after the other without loading the page anew, which takes longer than looking at it: first all in a wide window, then
 * all on a phone, where nothing sticks out sideways.
 */
async function lookAtEach(names: readonly string[], page: Page, open: (name: string) => Promise<void>): Promise<void> {
  for (const width of ['wide', 'narrow'] as const) {
    if (width === 'narrow') await page.setViewportSize(narrow)
    for (const name of names) {
      await test.step(`${name}, ${width}`, async () => {
        await open(name)
        await expect(page.getByRole('main').getByRole('heading', { level: 1 })).toBeVisible()
        await expect(page.getByRole('main').getByRole('status', { name: /^Loading/ })).toHaveCount(0)
        if (width === 'narrow') await expectFitsWidth(page)
        await expectAccessible(page)
      })
    }
  }
}

/** Its own link may stand behind a menu on a phone; its keys work everywhere. */
async function openByKeys(page: Page, title: string): Promise<void> {
  await page.keyboard.press('g')
  await page.keyboard.press(title === 'Catalogue' ? 'c' : title.charAt(0).toLowerCase())
  await expect(page.getByRole('main').getByRole('heading', { name: title, level: 1 })).toBeVisible()
}

async function openPart(page: Page, bar: string, name: string): Promise<void> {
  const part = page.getByRole('navigation', { name: bar }).getByRole('link', { name, exact: true })
  await part.click()
  await expect(part).toHaveAttribute('aria-current', 'page')
}

test('every screen: axe finds nothing, in light and dark, wide and narrow', async ({ page, shell }) => {
  await shell.untilState('greeter', 'live')
  await page.goto('/demo/production/services')
  await expectConnected(page)
  await lookAtEach(['Catalogue', 'Environments', 'Deployments', 'Logs', 'Team', 'Settings'], page, (name) =>
    openByKeys(page, name),
  )
})

test('every part of the team and of the settings: axe finds nothing, in light and dark, wide and narrow', async ({
  page,
}) => {
  await page.goto('/demo/production/team')
  await expectConnected(page)
  const ofSettings = ['Account', 'Platform', 'Health']
  await lookAtEach(['Invitations', 'Tokens', 'Audit log', ...ofSettings], page, async (name) => {
    const [screen, bar] = ofSettings.includes(name)
      ? ['Settings', 'Parts of the settings']
      : ['Team', 'Parts of the team']
    if (!(await page.getByRole('navigation', { name: bar }).isVisible())) await openByKeys(page, screen)
    await openPart(page, bar, name)
  })
})

test('every screen comes whole by its address: the server leaves nothing to the browser', async ({ page, shell }) => {
  const { deployment } = await shell.deploy('whole', hello())
  const of = serviceUrl('whole').replace(/overview$/, '')
  const addresses = [
    ...[
      'overview',
      'code',
      'api',
      'logs',
      'metrics',
      'deployments',
      `deployments/${deployment}`,
      'consumers',
      'settings',
    ].map((tab) => of + tab),
    ...['services', 'services/new', 'environments', 'environments/compare', 'deployments', 'logs'].map(
      (screen) => `/demo/production/${screen}`,
    ),
    ...['', '?tab=invitations', '?tab=tokens', '?tab=audit'].map((tab) => `/demo/production/team${tab}`),
    ...['', '?tab=account', '?tab=platform', '?tab=health'].map((tab) => `/demo/production/settings${tab}`),
  ]
  for (const address of addresses) {
    await test.step(address, async () => {
      await page.goto(address)
      // A dialog that opens with its screen hides it.
      await expect(page.getByRole('heading').first()).toBeVisible()
      await expectConnected(page)
    })
  }
})

test('a team that has just begun: every screen says what goes there', async ({ page, shell }) => {
  await shell.json(['team', 'create', 'newcomers'])
  for (const screen of ['services', 'environments', 'deployments', 'logs', 'team', 'settings']) {
    await test.step(screen, async () => {
      await page.goto(`/newcomers/production/${screen}`)
      await expect(page.getByRole('main').getByRole('heading', { level: 1 })).toBeVisible()
      await expect(page.getByRole('main').getByRole('status', { name: /^Loading/ })).toHaveCount(0)
      await expect(page.getByRole('main').getByRole('button', { name: 'Try again' })).toHaveCount(0)
      await expectAccessible(page)
    })
  }
})

test('more services than are drawn at once: each column has its place, wide and narrow', async ({
  page,
  shell,
  stack,
}) => {
  await shell.untilState('greeter', 'live')
  await shell.json(['team', 'create', 'crowded'])
  await manyServices(stack.home, 'crowded', 120)
  await page.goto('/crowded/production/services')
  const table = page.getByRole('table', { name: 'Services' })
  const whole = async () => {
    const [all, name, last] = await Promise.all(
      [table, table.getByRole('columnheader').first(), table.getByRole('columnheader').last()].map((part) =>
        part.boundingBox(),
      ),
    )
    return {
      rest: Math.round((all?.width ?? 0) + (all?.x ?? 0) - (last?.width ?? 0) - (last?.x ?? 0)),
      name: (name?.width ?? 0) > 100,
    }
  }
  for (const size of [{ width: 1440, height: 900 }, narrow]) {
    await page.setViewportSize(size)
    await expect.poll(whole, `the table at ${size.width} px`).toEqual({ rest: 0, name: true })
  }
  await page.locator('#screen').evaluate((screen) => screen.scrollTo(0, screen.scrollHeight))
  await expect
    .poll(() => table.locator('tr[aria-rowindex]').last().getAttribute('aria-rowindex'))
    .toBe(await table.getAttribute('aria-rowcount'))
  expect(await whole()).toEqual({ rest: 0, name: true })

  await test.step('Back leads to where it was scrolled to', async () => {
    const scrolled = () => page.locator('#screen').evaluate((screen) => Math.round(screen.scrollTop))
    const before = await scrolled()
    expect(before).toBeGreaterThan(500)
    await table.getByRole('link').last().click()
    await expect(table).toHaveCount(0)
    await page.goBack()
    await expect(table).toBeVisible()
    await expect.poll(scrolled).toBe(before)
  })
})

test('every tab of a service: axe finds nothing, in light and dark, wide and narrow', async ({ page, shell }) => {
  await shell.untilState('greeter', 'live')
  await page.goto(serviceUrl('greeter'))
  await expectConnected(page)
  const tabs: Tab[] = ['Overview', 'API', 'Logs', 'Metrics', 'Deployments', 'Settings', 'Code']
  await lookAtEach(tabs, page, async (name) => {
    await openPart(page, 'Parts of greeter', name)
    if (name === 'Code') await expect(editorOf(page)).toBeVisible()
  })
})

test('dialogs and menus: axe finds nothing', async ({ page }) => {
  await page.goto('/demo/production/services')
  await page.getByRole('button', { name: 'New service' }).first().click()
  await expect(page.getByRole('dialog').getByRole('radio').first()).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.keyboard.press('Control+k')
  await expect(page.getByRole('dialog', { name: 'Search and commands' })).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Shortcuts' })).toBeVisible()
  await expectAccessible(page)
})

test('pages before the console: axe finds nothing', async ({ openWindow, watch }) => {
  watch.expectComplaint(/404 .*such\/page/)
  const page = await openWindow()
  for (const path of ['/sign-in', '/no/such/page/at/all', '/invite/not-a-secret']) {
    await page.goto(path)
    await expectAccessible(page)
  }
})

test('an address that leads nowhere is told within the frame, with a way on', async ({ page, watch }) => {
  watch.expectComplaint(/404 .*(no-such-screen|no-such-service)/)
  for (const path of ['/demo/production/no-such-screen', '/demo/production/services/no-such-service/overview']) {
    await page.goto(path)
    await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible()
    await expectAccessible(page)
  }
  await page.getByRole('link', { name: 'Go to the catalogue' }).click()
  await expect(page.getByRole('heading', { name: 'Catalogue', level: 1 })).toBeVisible()
})

test('the theme is dark when chosen, before the first paint and after a reload', async ({ page }) => {
  await page.goto('/demo/production/services')
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  const light = await ground()
  await page.getByRole('button', { name: /account, theme, sign out/ }).click()
  await page.getByRole('menuitem', { name: 'Dark' }).click()
  await expect.poll(ground).not.toBe(light)
  const dark = await ground()
  await page.reload()
  expect(await ground()).toBe(dark)
})

test('from the catalogue to a deployed change with the keyboard alone', async ({ page, shell }) => {
  await shell.deploy('by-keys', hello())
  await page.goto('/demo/production/services')
  await expectConnected(page)
  await page.keyboard.press('/')
  await expect(
    page.getByRole('searchbox', { name: 'Search services' }).or(page.getByRole('textbox', { name: 'Search services' })),
  ).toBeFocused()
  await page.keyboard.type('by-keys')
  const link = page.getByRole('table', { name: 'Services' }).getByRole('link', { name: 'by-keys', exact: true })
  await expect(page.getByRole('table', { name: 'Services' }).getByRole('row')).toHaveCount(2)
  for (
    let presses = 0;
    presses < 20 && !(await link.evaluate((element) => element === document.activeElement));
    presses++
  )
    await page.keyboard.press('Tab')
  await expect(link).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'by-keys', level: 1 })).toBeVisible()
  await page.keyboard.press('2')
  await expectEditorShows(page, 'Hello ${name}')
  await editorOf(page).locator('.view-lines').click()
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Search and commands' })
  await expect(palette.getByRole('combobox')).toBeFocused()
  await page.keyboard.type('guest')
  await expect(palette.getByRole('combobox')).toHaveValue('guest')
  await page.keyboard.press('Escape')
  await expectEditorShows(page, 'Hello ${name}')
  await page.keyboard.press('Control+Shift+Enter')
  await expectDeployed(page)
})

test('the palette finds services and does what buttons do', async ({ page, shell }) => {
  await shell.untilState('greeter', 'live')
  await page.goto('/demo/production/environments')
  await expectConnected(page)
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Search and commands' })
  await palette.getByRole('combobox').fill('greeter')
  await expect(palette.getByRole('option', { name: /greeter/ }).first()).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/services\/greeter/)
  await expect(header(page)).toContainText('greeter')
  await page.keyboard.press('Control+k')
  await palette.getByRole('combobox').fill('dark theme')
  await page.keyboard.press('Enter')
  await expect(palette).toHaveCount(0)
  await page.keyboard.press('Control+k')
  await palette.getByRole('combobox').fill('new service')
  await expect(palette).toBeVisible()
})

test('on a phone: the main path, from the catalogue to the answer of a call', async ({ page, shell }) => {
  await shell.deploy('pocket', hello())
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto('/demo/production/services')
  await page.getByRole('link', { name: 'pocket', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'pocket', level: 1 })).toBeVisible()
  await openService(page, 'pocket', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  await expect(deployButton(page)).toBeInViewport()
  await expectFitsWidth(page)
  await openService(page, 'pocket', { tab: 'API' })
  await page.getByLabel('name', { exact: true }).fill('Ada')
  await page.getByRole('button', { name: 'Send to production' }).click()
  await expect(page.getByText('Hello Ada')).toBeVisible()
  await page
    .getByRole('navigation', { name: 'Screens' })
    .filter({ visible: true })
    .getByRole('link', { name: 'Environments' })
    .click()
  await expect(page.getByRole('heading', { name: 'Environments' })).toBeVisible()
})
