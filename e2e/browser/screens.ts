import { expect, type Locator, type Page } from '@playwright/test'

export type Tab = 'Overview' | 'Code' | 'API' | 'Logs' | 'Metrics' | 'Deployments' | 'Consumers' | 'Settings'
interface At {
  environment?: string
  tab?: Tab
}

export const serviceUrl = (service: string, { environment = 'production', tab = 'Overview' }: At = {}) =>
  `/demo/${environment}/services/${service}/${tab.toLowerCase()}`

/** By its address, as from a link. */
export async function openService(page: Page, service: string, at: At = {}): Promise<void> {
  await page.goto(serviceUrl(service, at))
  await expect(page.getByRole('heading', { name: service, level: 1 })).toBeVisible()
}

/** By its tab, as somebody who is on the service already. */
export async function openTab(page: Page, tab: Tab): Promise<void> {
  await page.getByRole('main').getByRole('link', { name: tab, exact: true }).first().click()
  await expect(page).toHaveURL(new RegExp(`/${tab.toLowerCase()}(/|$|\\?)`))
}

export const header = (page: Page): Locator => page.getByRole('main').locator('header').first()

/** What the service's own page says of it, live over the socket. */
export async function expectServiceLive(page: Page, service: string): Promise<void> {
  await expect(page.getByRole('heading', { name: service, level: 1 })).toBeVisible()
  await expect(header(page).getByText('live', { exact: true })).toBeVisible()
}

export const catalogueRow = (page: Page, service: string): Locator =>
  page
    .getByRole('table', { name: 'Services' })
    .getByRole('row')
    .filter({ has: page.getByRole('link', { name: service, exact: true }) })

/** From the live mark of the frame, which a dialog may hide. */
export async function expectConnected(page: Page): Promise<void> {
  await expect(page.getByRole('status', { includeHidden: true }).filter({ hasText: /^Live$/ })).toBeAttached()
}

export async function chooseEnvironment(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /^Environment / }).click()
  await page
    .getByRole('menuitem', { name: new RegExp(`\\b${name}\\b`) })
    .first()
    .click()
  await expect(page.getByRole('button', { name: `Environment ${name}` })).toBeVisible()
}
