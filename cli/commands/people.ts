import { createServer } from 'node:http'
import { hostname } from 'node:os'
import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { PlatformError } from '#contract/errors.ts'
import { labelOf, spokenOf } from '../address.ts'
import { readInput } from '../input.ts'
import type { Run } from '../run.ts'
import { Misuse } from '../misuse.ts'
import { note, show } from '../output.ts'
import { Session } from '../session.ts'

interface LoginOptions {
  email?: string
  passwordStdin?: boolean
  token?: string
}

export function addPeopleCommands(program: Command, run: Run): void {
  program
    .command('login')
    .description('log in to a platform, with the browser unless options say otherwise')
    .option('--email <email>')
    .option('--password-stdin', 'read the password from standard input')
    .option('--token <token>', 'use and store this token')
    .action(
      run(
        async (session, options: LoginOptions) => {
          const remembered = await logIn(session, options)
          session.config.choose(session.url, remembered)
          show(
            session,
            { email: remembered.email, team: remembered.team, environment: remembered.environment, url: session.url },
            `Logged in to ${session.url} as ${remembered.email}, team ${remembered.team}.`,
          )
          noteOthers(session)
        },
        { saysPlace: true },
      ),
    )

  program
    .command('logout')
    .description('log out: revoke and delete the stored token')
    .action(
      run(
        async (session) => {
          await session.api.person.logout.mutate().catch(() => {}) // a token that is no longer valid needs no revoking
          session.config.forget(session.url)
          show(session, { url: session.url }, `Logged out of ${session.url}.`)
          noteOthers(session)
        },
        { saysPlace: true },
      ),
    )

  program
    .command('whoami')
    .description('show the current user, team, environment and platform URL')
    .action(
      run(
        async (session) => {
          const { person } = await session.api.person.me.query()
          const who = {
            email: person.email,
            team: await session.team(),
            environment: await session.environment(),
            url: session.url,
          }
          show(session, who, `${who.email} · team ${who.team} · environment ${who.environment} · ${who.url}`)
          noteOthers(session)
        },
        { saysPlace: true },
      ),
    )
}

/** Other platforms that one is logged in to, and how to go there. */
function noteOthers(session: Session): void {
  const { urls } = session.config
  const others = urls.filter((url) => url !== session.url)
  if (others.length > 0)
    note(
      session,
      `Also logged in to ${others.map((url) => labelOf(url, urls)).join(', ')}. To switch: m3o env use ${spokenOf(others[0] ?? '', urls)}/`,
    )
}

async function logIn({ url, json }: Session, options: LoginOptions) {
  // A remembered token may have ended: it must not stand in the way of a new one.
  const session = new Session({ url, json, token: '' })
  const name = `m3o on ${hostname()}`.slice(0, 60)
  if (options.token !== undefined) return byToken(session, options.token)
  if (options.email !== undefined) {
    const password = options.passwordStdin ? await readInput() : await askPassword()
    const { token, email, team, environment } = await session.api.person.login.mutate({
      email: options.email,
      password,
      name,
    })
    return { token, email, team, environment }
  }
  // Only here are the platform's own schemas needed, which take a while to load.
  const { loginHere } = await import('../login-here.ts')
  const here = await loginHere(url, name)
  if (here !== undefined) return { ...here, environment: 'production' }
  if (!process.stdin.isTTY)
    throw new Misuse('no way to log in was given', 'Run m3o login --email E --password-stdin, or m3o login --token T.')
  const { code } = await confirmInBrowser(session)
  const { token, email, team, environment } = await session.api.person.exchangeCode.mutate({ code, name })
  return { token, email, team, environment }
}

async function byToken(session: Session, token: string) {
  const { person, token: own, teams } = await new Session({ url: session.url, token }).api.person.me.query()
  return {
    token,
    email: person.email,
    team: own?.team ?? teams[0]?.name ?? '',
    environment: own?.environment ?? 'production',
  }
}

async function askPassword(): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Misuse('a password is required', 'Pass it on standard input with --password-stdin.')
  process.stderr.write('Password: ')
  const line = createInterface({ input: process.stdin })
  process.stdin.setRawMode?.(false)
  try {
    return await line.question('')
  } finally {
    line.close()
  }
}

/** The browser is sent back to a port of this machine that only waits for it, with a single-use code. */
async function confirmInBrowser(session: Session): Promise<{ code: string }> {
  const state = randomBytes(16).toString('base64url')
  const code = Promise.withResolvers<string>()
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const given = url.searchParams.get('code')
    const right = url.pathname === '/callback' && url.searchParams.get('state') === state && given !== null
    response
      .writeHead(right ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
      .end(right ? 'Logged in. You can close this tab and go back to the shell.' : 'Not found.')
    if (right) code.resolve(given)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const page = `${session.url}/cli?${new URLSearchParams({ port: String(port), state }).toString()}`
  note(session, `Confirm in the browser:\n  ${page}`)
  spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [page], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
  const late = setTimeout(
    () =>
      code.reject(
        new PlatformError('timeout', 'the login was not confirmed within 5 minutes', { fix: 'Run m3o login again.' }),
      ),
    300_000,
  )
  try {
    return { code: await code.promise }
  } finally {
    clearTimeout(late)
    server.close()
  }
}
