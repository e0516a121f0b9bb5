import { expect, type Page } from '@playwright/test'
import axe, { type RunOptions } from 'axe-core'

const options: RunOptions = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  resultTypes: ['violations'],
}

/** Nothing for axe to say about the page as it stands, by WCAG 2.2 AA, in light and in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  // Between two screens there is none for a moment.
  await expect(page).toHaveTitle(/\S/)
  const about = `${new URL(page.url()).pathname}${new URL(page.url()).search}, ${page.viewportSize()?.width ?? '?'} px`
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect.soft(await violations(page), `axe on ${about}, ${colorScheme}`).toEqual([])
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

/** axe comes into the page once, and runs in the page itself: its builder for Playwright opens another page for each run. */
async function violations(page: Page): Promise<string[]> {
  // Whatever is in a frame would need an axe of its own.
  expect(page.frames()).toHaveLength(1)
  if (!(await page.evaluate(() => window.axe !== undefined))) await page.evaluate(axe.source)
  return await page.evaluate(async (asked) => {
    const ran = await window.axe?.run(document, asked)
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
  }, options)
}
