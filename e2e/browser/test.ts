import { test as base, type Browser, type BrowserContext, type Page } from '@playwright/test'
import { Shell } from '../stack/command.ts'
import { admin, type Stack, startStack } from '../stack/stack.ts'
import { type PageWatch, watchPages } from './page-watch.ts'
import { signIn } from './people.ts'

interface ForEachTest {
  /** What this test's pages complain of; whatever it does not expect fails it. */
  watch: PageWatch
  /** Opens a window of somebody else's, signed in or not. */
  openWindow: (options?: Parameters<Browser['newContext']>[0]) => Promise<Page>
  /** A shell of the first owner; services that it deploys are gone after the test. */
  shell: Shell
}

interface ForEachWorker {
  stack: Stack
  /** The first owner's cookies: signed in once by the form, and lent to each test. */
  session: Awaited<ReturnType<BrowserContext['storageState']>>
  ownersShell: Shell
}

/** Tests with a platform of their worker's own, and a page that is signed in as its first owner. */
export const test = base.extend<ForEachTest, ForEachWorker>({
  stack: [
    async ({}, use) => {
      const stack = await startStack()
      await use(stack)
      await stack.stop()
    },
    { scope: 'worker', timeout: 90_000 },
  ],

  session: [
    async ({ stack, browser }, use) => {
      const context = await browser.newContext({ baseURL: stack.url })
      const page = await context.newPage()
      await signIn(page, admin)
      const state = await context.storageState()
      await context.close()
      await use(state)
    },
    { scope: 'worker' },
  ],

  ownersShell: [
    async ({ stack }, use) => {
      await using shell = await Shell.ofAdmin(stack)
      await use(shell)
    },
    { scope: 'worker' },
  ],

  shell: async ({ ownersShell }, use) => {
    await use(ownersShell)
    await ownersShell.deleteDeployed()
  },

  baseURL: async ({ stack }, use) => use(stack.url),
  storageState: async ({ session }, use) => use(session),

  watch: async ({}, use) => {
    const watch = watchPages()
    await use(watch)
    watch.assertQuiet()
  },

  page: async ({ context, watch }, use) => {
    watch.add(context)
    await use(await context.newPage())
  },

  openWindow: async ({ browser, baseURL, watch }, use) => {
    const opened: BrowserContext[] = []
    await use(async (options = {}) => {
      const context = await browser.newContext({
        ...(baseURL !== undefined && { baseURL }),
        storageState: { cookies: [], origins: [] },
        ...options,
      })
      opened.push(context)
      watch.add(context)
      return context.newPage()
    })
    for (const context of opened) await context.close()
  },
})

export { expect } from '@playwright/test'
