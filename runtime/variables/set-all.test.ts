import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'
import { audit } from '#db/schema.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform()
}, 120_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

test('several variables are set together or not at all, with their audit rows', async () => {
  const { serviceId } = await platform.upload('several', answering('fine'))
  const at = { serviceId, environmentId: platform.production }
  const setAll = (...names: string[]) =>
    platform.rpc.call('variables.setAll', {
      ...at,
      variables: names.map((name) => ({ name, value: 'x', secret: name.startsWith('S') })),
    })
  const names = async () => (await platform.rpc.call('variables.list', at)).map(({ name }) => name)
  const audited = async () =>
    (await platform.db.select().from(audit)).flatMap(({ action, target }) =>
      action === 'variable.set' || action === 'secret.set' ? [`${action} ${target}`] : [],
    )
  // The database fails at one in the middle.
  await platform.db.execute(
    sql`create function refuse_b() returns trigger language plpgsql as $$ begin if new.name = 'B' then raise exception 'not this one'; end if; return new; end $$`,
  )
  await platform.db.execute(
    sql`create trigger refuse_b before insert on variables for each row execute function refuse_b()`,
  )
  await expect(setAll('A', 'B', 'C')).rejects.toMatchObject({ code: 'internal' })
  expect([await names(), await audited()]).toEqual([[], []])
  await setAll('A', 'SECRET')
  expect([await names(), await audited()]).toEqual([
    ['A', 'SECRET'],
    ['variable.set variable A', 'secret.set variable SECRET'],
  ])
})
