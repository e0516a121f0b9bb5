import { hash, verify } from '@node-rs/argon2'

/** OWASP's second recommendation for argon2id (19 MiB, 2 passes), the library's default algorithm. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const hashPassword = (password: string): Promise<string> => hash(password, cost)

/** Takes as long for somebody who does not exist, so that the time tells nothing. */
export async function passwordMatches(stored: string | null, given: string): Promise<boolean> {
  const against = stored ?? (await (nobodys ??= hashPassword('nobody has this password')))
  const matches = await verify(against, given).catch(() => false)
  return stored !== null && matches
}

let nobodys: Promise<string> | undefined
