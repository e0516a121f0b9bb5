import { expect, test } from 'vitest'
import { credentialOf } from './credential.ts'

const settings = { cookies: { session: 'm3o.session' } } as Parameters<typeof credentialOf>[1]
const basicOf = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const of = (headers: { cookie?: string; authorization?: string }, basic = false) => {
  try {
    return credentialOf(headers, settings, { basic })
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('a request has one identity: a token, a session, or none', () => {
  expect(of({})).toEqual({ by: 'nobody' })
  expect(of({ cookie: 'theme=dark; m3o.sessions=x; m3o.session' })).toEqual({ by: 'nobody' })
  for (const cookie of ['m3o.session=x', 'a=b; m3o.session.0=x', ' m3o.session='])
    expect(of({ cookie })).toEqual({ by: 'session', cookie })
  expect(of({ authorization: 'bearer  m3o_x', cookie: 'theme=dark' })).toEqual({ by: 'token', token: 'm3o_x' })
})

test.each(['', ' ', 'Bearer', 'Bearer ', 'Bearer a b', 'm3o_x', 'Digest x', 'Basic Og==', 'bearer\u00a0m3o_x'])(
  'an Authorization header without a token is refused: %j',
  (authorization) => {
    expect(of({ authorization })).toBe('unauthenticated')
    expect(of({ authorization, cookie: 'm3o.session=x' })).toBe('bad_request')
  },
)

test('git sends the token as the password, or alone as the user name', () => {
  expect(of({ authorization: basicOf('ann:m3o_x') }, true)).toEqual({ by: 'token', token: 'm3o_x' })
  expect(of({ authorization: basicOf('m3o_x:') }, true)).toEqual({ by: 'token', token: 'm3o_x' })
  expect(of({ authorization: basicOf('ann:m3o_x'), cookie: 'm3o.session=x' }, true)).toBe('bad_request')
  expect(of({ authorization: '' }, true)).toBe('unauthenticated')
})
