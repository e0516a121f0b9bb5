import { Problem } from './problem.ts'

const providers = {
  M3O_GITHUB: ['CLIENT_ID', 'CLIENT_SECRET'],
  M3O_GOOGLE: ['CLIENT_ID', 'CLIENT_SECRET'],
  M3O_OIDC: ['ISSUER', 'CLIENT_ID', 'CLIENT_SECRET'],
} as const

/**
 * Mail and providers are web's to read (server/settings.ts), which would start over and over: what is wrong with them is said
 * here, once. Values are not repeated, as they may hold passwords.
 * @throws Problem naming the variable and what is expected of it
 */
export function checkSignInSettings(read: (name: string) => string | undefined): void {
  const smtp = read('M3O_SMTP_URL')
  if (
    smtp !== undefined &&
    !(URL.canParse(smtp) && /^smtps?:$/.test(new URL(smtp).protocol) && new URL(smtp).hostname !== '')
  ) {
    throw new Problem('invalid M3O_SMTP_URL: expected smtp://user:password@host:587 or smtps://user:password@host')
  }
  const from = read('M3O_MAIL_FROM')
  if (smtp !== undefined && from === undefined)
    throw new Problem("M3O_SMTP_URL is set without M3O_MAIL_FROM: set the sender's address")
  if (from !== undefined && (!/^[^\r\n]+@[^\r\n]+$/.test(from) || from.length > 254))
    throw new Problem('invalid M3O_MAIL_FROM: expected an address such as M3O <m3o@example.com>')
  for (const [prefix, parts] of Object.entries(providers)) {
    const names = parts.map((part) => `${prefix}_${part}`)
    const missing = names.filter((name) => read(name) === undefined)
    if (missing.length > 0 && missing.length < names.length)
      throw new Problem(
        `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing: ${names.join(', ')} belong together`,
      )
  }
  for (const name of ['M3O_OIDC_ISSUER', 'M3O_GITHUB_URL']) {
    const address = read(name)
    if (address !== undefined && !(URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)))
      throw new Problem(`${name} is ${JSON.stringify(address)}: expected an address such as https://login.example.com`)
  }
}
