import { expect, type Page } from '@playwright/test'
import { Shell } from '../stack/command.ts'
import type { Stack } from '../stack/stack.ts'

export interface Credentials {
  email: string
  password: string
}

/** By the form, until the catalogue is there. */
export async function signIn(page: Page, { email, password }: Credentials): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Catalogue' })).toBeVisible()
}

/** Somebody new in the owner's team, who joined by invitation. */
export async function invited(
  stack: Stack,
  owner: Shell,
  { email, password, role }: Credentials & { role: string },
): Promise<Credentials> {
  const { link } = await owner.json<{ link: string }>(['invite', 'create', email, '--role', role])
  await using theirs = await Shell.open(stack)
  await theirs.json(['invite', 'accept', link, '--name', email.split('@')[0] ?? email, '--password-stdin'], {
    input: `${password}\n`,
  })
  return { email, password }
}
