import { expect, type Page } from '@playwright/test'
import axe, { type RunOptions } from 'axe-core'

const options: RunOptions = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  resultTypes: ['violations'],
}
/** Structure, names and roles are the same in both themes. */
const colourOptions: RunOptions = {
  runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] },
  resultTypes: ['violations'],
}

/** The page has no violations of WCAG 2.2 AA that axe finds, in light and, for what a theme can change, in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  // Between two screens there is none for a moment.
  await expect(page).toHaveTitle(/\S/)
  const about = `${new URL(page.url()).pathname}${new URL(page.url()).search}, ${page.viewportSize()?.width ?? '?'} px`
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const found = await violations(page, colorScheme === 'light' ? options : colourOptions)
    expect.soft(found, `axe on ${about}, ${colorScheme}`).toEqual([])
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
}

/** Nothing sticks out sideways: the window itself never scrolls that way. */
export async function expectFitsWidth(page: Page): Promise<void> {
  await expect
    .poll(
      () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      `sideways scrolling of ${page.url()}`,
    )
    .toBe(0)
  await expect
    .poll(
      () => page.locator('main').evaluate((main) => main.scrollWidth - main.clientWidth),
      `sideways scrolling of the screen ${page.url()}`,
    )
    .toBe(0)
}

declare global {
  interface Window {
    axe?: typeof axe
  }
}

/** axe is loaded into the page once and runs there: its builder for Playwright opens another page for each run. */
async function violations(page: Page, asked: RunOptions): Promise<string[]> {
  // A frame would need axe loaded into it too.
  expect(page.frames()).toHaveLength(1)
  if (!(await page.evaluate(() => window.axe !== undefined))) await page.evaluate(axe.source)
  return await page.evaluate(async (given) => {
    const ran = await window.axe?.run(document, given)
    if (ran === undefined) throw new Error('axe is not in the page')
    return ran.violations.map(({ id, help, nodes }) =>
      [
        `${id}: ${help}`,
        ...nodes
          .slice(0, 3)
          .map(
            ({ html, failureSummary }) =>
              `  ${html.slice(0, 200)}\n  ${failureSummary?.split('\n').slice(1).join(' ') ?? ''}`,
          ),
      ].join('\n'),
    )
  }, asked)
}
