import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { vi } from 'vitest'
import { createProgram } from '#cli/program.ts'
import type { Run } from '#cli/run.ts'
import { platformError, Session } from '#cli/session.ts'
import { answerFor, isPersonal } from './answers.ts'
import { type ActorName, actors, type Cast } from './cast.ts'
import { type CommandTrial, commandTrials, freshFor } from './commands.ts'
import { Tally } from './tally.ts'

/** By their words, as commander has them. */
export const commandNames: string[] = leaves(
  createProgram(() => async () => {}),
  [],
)

function leaves(command: Command, words: string[]): string[] {
  if (command.commands.length === 0) return [words.join(' ')]
  return command.commands.flatMap((one) => leaves(one, [...words, one.name()]))
}

/** Limits by service and environment are tried with procedures; a platform operator has no token of a team. */
const triers = actors.filter(
  (actor) =>
    actor !== 'operator' && !actor.startsWith('token of another s') && actor !== 'token of another environment',
)

/** Runs each in this process with its real session, over HTTP. */
export async function tryCommands(cast: Cast): Promise<Tally> {
  const tally = new Tally('commands')
  const folder = await mkdtemp(join(tmpdir(), 'm3o-commands-'))
  const source = join(folder, 'source')
  await mkdir(source)
  // Refused by the build: who got so far was let in.
  await writeFile(join(source, 'm3o.json'), '{"nonsense": 1}')
  const quiet = [
    vi.spyOn(process.stdout, 'write').mockReturnValue(true),
    vi.spyOn(process.stderr, 'write').mockReturnValue(true),
  ]
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')
  Object.defineProperty(process, 'stdin', { configurable: true, get: () => Readable.from([Buffer.from('value\n')]) })
  const asked: string[] = []
  const note = (url: URL) => {
    if (url.origin === cast.stand.settings.url)
      asked.push(url.pathname.startsWith('/api/trpc/') ? url.pathname.slice(10) : url.pathname)
  }
  const byHttp = (message: unknown) => {
    const { request } = message as { request: ClientRequest }
    note(new URL(request.path, `${request.protocol}//${String(request.getHeader('host') ?? 'none')}`))
  }
  const byFetch = (message: unknown) => {
    const { request } = message as { request: { origin: string; path: string } }
    note(new URL(request.path, request.origin))
  }
  subscribe('http.client.request.created', byHttp)
  subscribe('undici:request:create', byFetch)
  try {
    for (const [turn, [name, trial]] of Object.entries(commandTrials).entries()) {
      for (const [index, actor] of triers.entries()) {
        const number = 20_000 + turn * triers.length + index
        cast.stand.web.limits.token.giveBack('127.0.0.1')
        const expected = expectedOf(actor, trial)
        const made = expected === 'admitted' ? await freshFor(cast, trial, actor, number) : {}
        asked.length = 0
        const secret = cast.secretOf(actor, trial.needs[0])
        const argv = trial
          .argv(cast.demo, made)
          .map((word) =>
            word === 'SECRET'
              ? (secret ?? 'none')
              : word === 'FOLDER'
                ? source
                : word === 'NEW'
                  ? join(folder, `new-${number}`)
                  : word,
          )
        const code = await runAs(cast, secret, argv, join(folder, `home-${number}`))
        const isRight = expected === 'admitted' ? code === 'ok' || (trial.ends ?? []).includes(code) : code === expected
        tally.note(isRight, `m3o ${name} as ${actor}: ${code} instead of ${expected}`)
        if (actor === 'owner' && trial.uses.some((one) => !asked.includes(one)))
          tally.note(false, `m3o ${name} asked for ${asked.join(', ')}, not all of ${trial.uses.join(', ')}`)
      }
    }
  } finally {
    unsubscribe('http.client.request.created', byHttp)
    unsubscribe('undici:request:create', byFetch)
    if (stdin !== undefined) Object.defineProperty(process, 'stdin', stdin)
    for (const one of quiet) one.mockRestore()
    await rm(folder, { recursive: true, force: true })
  }
  return tally
}

function expectedOf(actor: ActorName, { needs }: CommandTrial): string {
  const answers = needs.map((action) => answerFor(actor, { action, isPersonal: isPersonal(action), signedIn: true }))
  return answers.find((answer) => answer !== 'admitted') ?? 'admitted'
}

async function runAs(cast: Cast, token: string | undefined, argv: string[], home: string): Promise<string> {
  let code = 'ok'
  const run: Run =
    (work) =>
    async (...given: unknown[]) => {
      try {
        const session = new Session(
          { url: cast.stand.settings.url, token: token ?? '', team: cast.demo.team, env: 'production', json: true },
          { XDG_CONFIG_HOME: home } as unknown as NodeJS.ProcessEnv,
        )
        const exit = await work(session, ...(given.slice(0, -1) as never))
        if (exit !== undefined && exit !== 0) code = 'failed'
      } catch (error) {
        code = platformError(error)?.code ?? `internal: ${String(error)}`
      }
    }
  await createProgram(run).parseAsync(['node', 'm3o', ...argv])
  return code
}
