import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { actions } from '#contract/permissions.ts'
import { served } from '../../http/front.ts'
import { topics } from '../../live/topics.ts'
import { startStand, type Stand } from '../stand.ts'
import { assemble, type Cast } from './cast.ts'
import { commandTrials, localCommands } from './commands.ts'
import { trials } from './procedures.ts'
import { routeTrials } from './routes.ts'
import type { Tally } from './tally.ts'
import { eventTrials, topicTrials } from './topics.ts'
import { namesOf, procedures, tryProcedures } from './try-procedures.ts'
import { commandNames, tryCommands } from './try-commands.ts'
import { tryRoutes } from './try-routes.ts'
import { tryEvents, tryTopics } from './try-topics.ts'

/*
 * The matrix: everything that the outside can ask of web, enumerated from the code, tried by everybody with what is their own
 * and with what is another team's. What the tables beside this file do not name fails here.
 */

let stand: Stand
let cast: Cast
const lines: string[] = []

beforeAll(async () => {
  stand = await startStand()
  cast = await assemble(stand)
}, 180_000)
afterAll(async () => {
  console.log(lines.join('\n'))
  await stand[Symbol.asyncDispose]()
})

function expectNoneWrong(...tallies: Tally[]): void {
  lines.push(...tallies.map(({ line }) => line))
  expect(tallies.flatMap(({ wrong }) => wrong)).toEqual([])
  for (const { tried } of tallies) expect(tried).toBeGreaterThan(0)
}

test('every procedure has declared its action, and is in the table', () => {
  expect(procedures.length).toBeGreaterThan(80)
  expect(procedures.filter(({ action }) => !(action in actions)).map(({ name }) => name)).toEqual([])
  expect(
    missing(
      procedures.map(({ name }) => name),
      trials,
    ),
    'these are missing in server/testing/matrix/procedures.ts',
  ).toEqual([])
  expect(
    Object.keys(trials).filter((name) => !procedures.some((one) => one.name === name)),
    'these are no procedures any more',
  ).toEqual([])
})

test("a part of an input that names something by its id is tried with another team's", () => {
  const naming = /^(team|service|environment|services|token|to|from|against|owner|\w+Id)$/
  const ofNoTeam = new Set([
    'person.confirmCommand',
    'person.login',
    'person.agree',
    'person.revokeConsent',
    'source.move',
    'source.diff',
    'calls.trace',
    'platform.showMessage',
    'platform.dismissMessage',
    'platform.confirmPerson',
  ])
  // What was live when it was looked at: compared, never read.
  const compared = new Set(['deployments.rollback from'])
  const untried = procedures
    .filter(({ name }) => !ofNoTeam.has(name))
    .flatMap(({ name, keys, place }) =>
      keys
        .filter(
          (key) =>
            naming.test(key) &&
            !namesOf[place].includes(key) &&
            !(key in (trials[name]?.foreign ?? {})) &&
            !compared.has(`${name} ${key}`),
        )
        .map((key) => `${name} ${key}`),
    )
  expect(untried).toEqual([])
})

test('every topic, event and route is in its table', () => {
  expect(missing(Object.keys(topics), topicTrials), 'these are missing in server/testing/matrix/topics.ts').toEqual([])
  const said = [
    ...readFileSync(new URL('../../live/socket.ts', import.meta.url), 'utf8').matchAll(/socket\.on\('(\w+)'/g),
  ].map(([, name]) => name ?? '')
  expect(said.length).toBeGreaterThan(5)
  expect(
    missing(
      said.filter((name) => name !== 'subscribe'),
      eventTrials,
    ),
    'these are missing in server/testing/matrix/topics.ts',
  ).toEqual([])
  expect(
    missing(
      served.map(([begins]) => begins),
      routeTrials,
    ),
    'these are missing in server/testing/matrix/routes.ts',
  ).toEqual([])
})

const missing = (found: readonly string[], table: object) => found.filter((name) => !(name in table))

test('topics and events of the live socket', { timeout: 120_000 }, async () => {
  const { own, foreign } = await tryTopics(cast)
  expectNoneWrong(own, foreign, await tryEvents(cast))
})

test('every command is in the table', () => {
  expect(commandNames.length).toBeGreaterThan(55)
  expect(
    missing(commandNames, { ...commandTrials, ...localCommands }),
    'these are missing in server/testing/matrix/commands.ts',
  ).toEqual([])
  expect(
    Object.keys({ ...commandTrials, ...localCommands }).filter((name) => !commandNames.includes(name)),
    'these are no commands any more',
  ).toEqual([])
})

test('commands', { timeout: 300_000 }, async () => {
  expectNoneWrong(await tryCommands(cast))
})

test('routes', { timeout: 120_000 }, async () => {
  const { own, foreign } = await tryRoutes(cast)
  expectNoneWrong(own, foreign)
})

test(
  "everybody is admitted and refused by every procedure as the table of permissions says, with their own and with others' things",
  { timeout: 300_000 },
  async () => {
    const before = await snapshot()
    const { own, foreign, written } = await tryProcedures(cast)
    expectNoneWrong(own, foreign, written)
    expect(await snapshot()).toEqual(before)
  },
)

/** All of the other team, which nothing of this may have changed. */
async function snapshot(): Promise<unknown> {
  const own = cast.as('other team')
  const { team, child, service } = cast.other
  const at = { team, service, environment: 'production' }
  const [services, environments, members, invitations, all, deployments, variables, terminals, drafts] =
    await Promise.all([
      own.services.list({ team, environment: child }),
      own.environments.list({ team }),
      own.members.list({ team }),
      own.invitations.list({ team }),
      own.tokens.list({ team, everyone: true }),
      own.deployments.list({ team }),
      own.variables.list(at),
      own.terminals.list(at),
      own.source.drafts(at),
    ])
  const stable = services.map(({ instances, ...service }) => ({
    ...service,
    instances: instances.map(({ id, state }) => ({ id, state })),
  }))
  // Watching ends by itself.
  const lasting = deployments.map(({ watchedUntil: _watched, ...deployment }) => deployment)
  return {
    services: stable,
    environments,
    members,
    invitations,
    tokens: all.map(({ id }) => id),
    deployments: lasting,
    variables,
    terminals,
    drafts,
  }
}
