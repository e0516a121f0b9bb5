import { expect, type Locator, type Page } from '@playwright/test'

/** Monaco's text area, of whatever file is in front. */
export const editorOf = (page: Page): Locator => page.getByRole('tabpanel').locator('.monaco-editor').first()

/** The editor has the file, with its text drawn. */
export async function expectEditorShows(page: Page, text: string): Promise<void> {
  // Monaco draws spaces as no-break spaces.
  await expect
    .poll(
      async () =>
        (
          await editorOf(page)
            .locator('.view-lines')
            .innerText()
            .catch(() => '')
        ).replaceAll('\u00a0', ' '),
      'text in the editor',
    )
    .toContain(text)
}

/** Replaces all of the file in front by typing over it, and waits until the platform has it. */
export async function typeInEditor(page: Page, text: string): Promise<void> {
  await editorOf(page).locator('.view-lines').click()
  await page.keyboard.press('ControlOrMeta+A')
  // As from the clipboard: the editor would indent and close brackets by itself.
  await page.keyboard.insertText(text)
  await expectDraftSaved(page)
}

export async function expectDraftSaved(page: Page): Promise<void> {
  await expect(page.getByRole('status').filter({ hasText: /^All saved$/ })).toBeVisible()
}

export const deployButton = (page: Page, environment = 'production'): Locator =>
  page.getByRole('button', { name: new RegExp(`^Deploy( to ${environment})?$`) })

/** The panel under the editor says how the deployment ends. */
export async function expectDeployed(page: Page, outcome: 'live' | 'failed' = 'live'): Promise<void> {
  const panel = page.getByRole('tabpanel', { name: 'Deployment' })
  await expect(panel.getByRole('status')).toContainText(outcome, { timeout: 45_000 })
}
