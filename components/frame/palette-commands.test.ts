import { expect, test } from 'vitest'
import { commandById, serviceCommands, teamCommands } from './palette-commands.ts'
import { searchPalette } from './palette-search.ts'

const at = { team: 'demo', environment: 'production' }
const best = (text: string, recent: string[] = ['mail']) =>
  searchPalette(
    [
      ...teamCommands({ ...at, environment: 'staging' }, 'production'),
      ...serviceCommands(at, ['mail', 'orders'], { text, recent }),
    ].map((each) => ({ ...each, group: 'Commands', atOnce: false })),
    text,
  )[0]?.entries[0]?.title

test.each([
  ['invite', 'Invite a person'],
  ['promote', 'Promote staging to production'],
  ['tokens', 'Tokens'],
  ['new token', 'New token'],
  ['api key', 'New token'],
  ['health', 'Platform health'],
  ['rollback', 'Roll back: mail'],
  ['rollback orders', 'Roll back: orders'],
  ['orders revert', 'Roll back: orders'],
  ['shell orders', 'Terminal: orders'],
  ['variables', 'Variables and secrets: mail'],
  ['revisions', 'Deployments: mail'],
  ['docs', 'Docs: mail'],
  ['env orders', 'Variables and secrets: orders'],
])('%s finds %s', (text, title) => {
  expect(best(text)).toBe(title)
})

test('a service alone asks for nothing to be done with it', () => {
  expect(serviceCommands(at, ['mail', 'orders'], { text: 'orders', recent: [] })).toEqual([])
})

test('a command that was chosen before is found by its id, as long as there is its service', () => {
  const about = { parent: null, services: ['mail'] }
  expect(commandById(at, 'to.mail.Roll back', about)).toMatchObject({
    title: 'Roll back: mail',
    action: 'service.rollback',
  })
  expect(commandById(at, 'to.gone.Roll back', about)).toBeUndefined()
  expect(commandById(at, 'to.service.new', about)).toMatchObject({ title: 'New service' })
})
