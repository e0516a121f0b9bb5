import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import { plain } from './output.ts'
import type { Session } from './session.ts'

export interface Ran {
  code: number
  stdout: string
  stderr: string
}

interface RunOptions {
  cwd?: string
  input?: string
  /** Exit codes that are answers rather than failures. */
  accept?: readonly number[]
  env?: Readonly<Record<string, string>>
}

/**
 * Runs git as its user has set it up, but for what a repository or a template could have it run, and for what the shell
 * says of another repository. Asks nothing on the terminal.
 * @throws PlatformError `bad_request` with git's last words; `not_found` when there is no git
 */
export async function git(
  args: readonly string[],
  { cwd, input, accept = [0], env = {} }: RunOptions = {},
): Promise<Ran> {
  const ran = await new Promise<Ran>((resolve, reject) => {
    const child = spawn(
      'git',
      [
        '-c',
        'core.hooksPath=/dev/null',
        '-c',
        'core.fsmonitor=false',
        '-c',
        'protocol.ext.allow=never',
        '-c',
        'advice.detachedHead=false',
        ...args,
      ],
      {
        ...(cwd !== undefined && { cwd }),
        stdio: 'pipe',
        env: { ...withoutGit(process.env), GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...env },
      },
    )
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text))
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new PlatformError(
              'not_found',
              'git is not installed',
              { fix: 'Install git, then try again.' },
              { cause: error },
            )
          : error,
      ),
    )
    child.once('close', (code) => resolve({ ...said, code: code ?? 128 }))
    child.stdin.on('error', () => {}).end(input)
  })
  if (accept.includes(ran.code)) return ran
  const words = ran.stderr
    .split('\n')
    .map((line) => plain(line).trim())
    .filter((line) => line !== '' && !/^(hint|warning|Cloning|remote: *$)/.test(line))
  throw new PlatformError(
    'bad_request',
    `git ${args.find((arg) => !arg.startsWith('-')) ?? ''} failed: ${words.at(-1) ?? `it exited with ${ran.code}`}`,
    { fix: 'Fix the error that git reported, then retry.', data: { said: words.slice(-20) } },
  )
}

const withoutGit = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !name.startsWith('GIT_') || name.startsWith('GIT_SSL') || name === 'GIT_CONFIG_NOSYSTEM',
    ),
  ) as NodeJS.ProcessEnv

/**
 * For a git that talks to the platform: the token goes from process to process by the environment (git-config(1)), by no
 * argument, file or URL. As git need not ask for it, nobody is told to keep it either.
 */
export function signedIn(session: Pick<Session, 'url' | 'token'>): Record<string, string> {
  if (session.token === undefined) return {}
  const value = `Authorization: Basic ${Buffer.from(`m3o:${session.token}`).toString('base64')}`
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: `http.${session.url}/.extraHeader`, GIT_CONFIG_VALUE_0: value }
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * Has git ask `m3o` for a token, for this platform alone, whenever it needs one. The empty one first: no helper of the
 * user's own is to keep a copy.
 */
export function credentialSettings(url: string): [key: string, value: string][] {
  const key = `credential.${new URL(url).origin}.helper`
  return [
    [key, ''],
    [key, `!${shellQuoted(join(import.meta.dirname, '../bin/m3o'))} git-credential`],
  ]
}

export const repositoryUrl = (session: Pick<Session, 'url'>, team: string, service: string): string =>
  `${session.url}/git/${encodeURIComponent(team)}/${encodeURIComponent(service)}.git`
