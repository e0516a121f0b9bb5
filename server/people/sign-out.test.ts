import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStand, type Stand } from '../testing/stand.ts'

let stand: Stand
const password = 'correct horse'
const email = 'ann@example.com'

beforeAll(async () => {
  stand = await startStand()
  await stand.web.setup.run(stand.setupCode, { email, name: 'Ann', password })
}, 90_000)
afterAll(async () => stand[Symbol.asyncDispose]())

const isGood = async (headers: Record<string, string>) =>
  (await fetch(`${stand.settings.url}/api/trpc/person.me`, { headers })).status === 200
const byToken = (token: string) => isGood({ authorization: `Bearer ${token}` })
async function login(given = password): Promise<string> {
  const { data } = await stand.browser().mutate('person.login', { email, password: given })
  return (data as { token: string }).token
}

test('a changed password ends other sessions and command-line sign-ins, as a reset one does; a program’s token stays', async () => {
  const [here, elsewhere] = [stand.browser(), stand.browser()]
  await here.signIn(email, password)
  await elsewhere.signIn(email, password)
  const commands = [await login(), await login()]
  const { data: made } = await here.mutate('tokens.create', { team: 'demo', name: 'ci' })
  const changed = await here.mutate('person.changePassword', { current: password, next: 'another horse' })
  expect(changed.data).toEqual({ sessionsEnded: 1, commandsSignedOut: 2 })
  expect([await isGood({ cookie: here.cookie }), await isGood({ cookie: elsewhere.cookie })]).toEqual([true, false])
  expect(await Promise.all(commands.map(byToken))).toEqual([false, false])
  expect(await byToken((made as { token: string }).token)).toBe(true)

  const command = await login('another horse')
  await stand.web.messages.add('reset', email)
  const [waiting] = await stand.web.messages.waiting()
  const { link } = await stand.web.messages.show(waiting?.id ?? '')
  const reset = await stand.browser().mutate('signIn.reset', { code: link.split('#')[1], password })
  expect(reset.data).toMatchObject({ email, commandsSignedOut: 1 })
  expect([await isGood({ cookie: here.cookie }), await byToken(command)]).toEqual([false, false])
})

test('who changes the password may stay signed in elsewhere, and a command that changes it keeps its own sign-in', async () => {
  const [here, elsewhere] = [stand.browser(), stand.browser()]
  await here.signIn(email, password)
  await elsewhere.signIn(email, password)
  const [own, other] = [await login(), await login()]
  expect(
    (await here.mutate('person.changePassword', { current: password, next: 'third horse', signOutElsewhere: false }))
      .data,
  ).toEqual({ sessionsEnded: 0, commandsSignedOut: 0 })
  expect([await isGood({ cookie: elsewhere.cookie }), await byToken(own), await byToken(other)]).toEqual([
    true,
    true,
    true,
  ])
  const answer = await fetch(`${stand.settings.url}/api/trpc/person.changePassword`, {
    method: 'POST',
    headers: { authorization: `Bearer ${own}`, 'content-type': 'application/json' },
    body: JSON.stringify({ current: 'third horse', next: password }),
  })
  expect(((await answer.json()) as { result: { data: unknown } }).result.data).toEqual({
    sessionsEnded: 2,
    commandsSignedOut: 1,
  })
  expect([await byToken(own), await byToken(other), await isGood({ cookie: here.cookie })]).toEqual([
    true,
    false,
    false,
  ])
})

test('an operator confirms afresh that it is they before a link is shown, which is as good as the account', async () => {
  const person = (await stand.web.people.byEmail(email)) ?? expect.fail()
  const viewer = await stand.viewerOf(person)
  await stand.web.messages.add('reset', email)
  const messageId = (await stand.web.messages.waiting())[0]?.id ?? expect.fail()
  await stand.forgetConfirmed(viewer.session?.id ?? '')
  await expect(stand.as(viewer).platform.showMessage({ messageId })).rejects.toMatchObject({
    cause: { code: 'forbidden', data: { confirm: true } },
  })
  await stand.as(viewer).security.confirm({ password })
  expect(await stand.as(viewer).platform.showMessage({ messageId })).toMatchObject({ email, kind: 'reset' })
})
