import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stand, startStand } from './testing/stand.ts'

let stand: Stand
let ann: { authorization: string }
const seen: { path: string; headers: Record<string, string> }[] = []
const last = () => seen.at(-1) as (typeof seen)[number]

/** fetch sets Host and Sec-Fetch itself; callers here say what they want. */
export function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
): Promise<{
  status: number
  headers: Record<string, string>
  text: string
  json: () => { id: string; code: number; detail: string; status: string }
}> {
  return new Promise((resolve, reject) => {
    const url = new URL(path.startsWith('http') ? path : `${stand.base}${path}`)
    const sent = httpRequest(
      {
        host: '127.0.0.1',
        port: url.port,
        path: path.startsWith('http') ? url.pathname + url.search : path,
        method,
        headers,
        agent: false,
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers as Record<string, string>,
            text,
            json: () => JSON.parse(text),
          }),
        )
        answer.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

beforeAll(async () => {
  stand = await startStand()
  const echo = await stand.upstream((request, response) => {
    seen.push({ path: request.url as string, headers: request.headers as Record<string, string> })
    response.setHeader('content-type', 'application/json').end('{"hello":"world"}')
  })
  const hello = stand.service('hello')
  const open = stand.service('open', { audience: { kind: 'anyone' } })
  const shared = stand.service('shared', { audience: { kind: 'platform' }, team: 't_other' })
  const given = stand.service('given', { audience: { kind: 'teams', teams: ['t_demo'] }, team: 't_other' })
  const secret = stand.service('secret', { team: 't_other' })
  stand.service('never')
  stand.table.services[hello] = { ...stand.table.services[hello]!, formerNames: ['hallo'] } // made above
  stand.environment('staging', 'e_production')
  stand.environment('alice', 'e_staging')
  stand.environment('past', 'e_production', { gone: 'the environment past expired on Monday' })
  for (const service of [hello, open]) stand.release(service, 'e_production', [echo], 'prod111')
  for (const service of [shared, given, secret]) stand.release(service, 'e_other', [echo])
  stand.release(hello, 'e_alice', [echo], 'alice22')
  ann = stand.token('m3o_ann')
  stand.token('m3o_old', { expiresAt: Date.now() - 1 })
  stand.token('m3o_alice', { environmentId: 'e_alice' })
  stand.token('m3o_past', { environmentId: 'e_past' })
  stand.token('m3o_scoped', { scope: { services: [open], environments: ['e_production'] } })
  stand.token('m3o_services', { scope: { actions: ['service.*'] } })
  stand.token('m3o_reads', { scope: { actions: ['service.read'] } })
  stand.caller('k'.repeat(32), hello, 'e_production')
  stand.caller('a'.repeat(32), hello, 'e_alice')
  stand.caller('f'.repeat(32), hello, 'e_production', { from: '127.0.0.2' })
  stand.caller('o'.repeat(32), secret, 'e_other', { teamId: 't_other' })
  await stand.publish()
})
afterAll(() => stand.close())

describe('addresses', () => {
  test('/v1 takes the team from the token, from the path or from Micro-Namespace, and passes the rest of the path on', async () => {
    const answer = await ask('/v1/hello/Say.Hello?x=%20y', ann)
    expect(answer).toMatchObject({
      status: 200,
      text: '{"hello":"world"}',
      headers: { 'm3o-served-by': 'hello@prod111 production' },
    })
    expect(answer.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(last().path).toBe('/Say.Hello?x=%20y')
    expect((await ask('/v1/@demo/open/x')).status).toBe(200)
    expect((await ask('/v1/%40demo/open/x')).status).toBe(200)
    expect((await ask('/v1/open', { 'micro-namespace': 'demo' })).status).toBe(200)
    expect(last().path).toBe('/')
    expect((await ask('/v1/open/x')).json()).toMatchObject({
      code: 401,
      id: 'm3o.unauthenticated',
      status: 'Unauthorized',
    })
  })

  test('a host names service, team and environment, and its path is passed on as it is', async () => {
    expect((await ask('/v1/x/y?z', { host: 'hello--demo.localhost:8080', ...ann })).headers['m3o-served-by']).toBe(
      'hello@prod111 production',
    )
    expect(last().path).toBe('/v1/x/y?z')
    expect(last().headers.host).toBe('hello--demo.localhost:8080')
    expect((await ask('/', { host: 'HELLO--alice--demo.localhost', ...ann })).headers['m3o-served-by']).toBe(
      'hello@alice22 alice',
    )
    expect((await ask('/', { host: 'hello--demo.localhost.', ...ann })).status).toBe(200)
    expect((await ask('/', { host: 'what--ever--is--this.localhost' })).status).toBe(404)
    expect((await ask('/', { host: 'nobody--demo.localhost' })).status).toBe(404)
    expect((await ask('/health')).text).toBe('{"status":"ok"}')
  })

  test('a renamed service redirects at its host, and is served under /v1', async () => {
    const moved = await ask('/a?b=c', { host: 'hallo--alice--demo.localhost:8080' }, 'POST', 'x')
    expect(moved).toMatchObject({
      status: 307,
      headers: { location: 'http://hello--alice--demo.localhost:8080/a?b=c' },
    })
    expect((await ask('/v1/hallo/x', ann)).headers['m3o-served-by']).toBe('hello@prod111 production')
  })

  test("paths of the platform are nobody's, however they are written", async () => {
    for (const path of ['/_m3o/describe', '/_m3o', '/_m3o/?x'])
      expect((await ask(path, { host: 'open--demo.localhost' })).status, path).toBe(404)
    for (const path of [
      '/%5fm3o/describe',
      '/./_m3o/x',
      '//_m3o/x',
      '/x/../_m3o/y',
      '/%255Fm3o/y',
      '/_M3O',
      '/a/%2e%2e/_m3o',
      '/;/_m3o/x',
      '/_m3o;a/x',
      '/_m3o/../x',
      '/a%2f..%2f_m3o',
      '/%c1%9fm3o/x',
      '/_m3o%00/x',
    ]) {
      expect((await ask(path, { host: 'open--demo.localhost' })).status, path).toBe(400)
      expect((await ask(`/v1/@demo/open${path}`)).status, path).toBe(400)
    }
    for (const path of [
      '//v1/open',
      '/;/v1/open',
      '/v1;a/open',
      '/%76%31/open',
      '/x/../v1/open',
      '/.//~' + 'k'.repeat(32) + '/v1/hello',
      '/%7e' + 'k'.repeat(32) + '/v1/hello',
      '/%5fm3o/handover',
    ])
      expect((await ask(path)).status, path).toBe(400)
    expect((await ask('/x_m3o/y?_m3o', { host: 'open--demo.localhost' })).status).toBe(200)
  })
})

describe('who calls', () => {
  test('a token is consumed, and the service learns who called', async () => {
    await ask('/v1/hello/x', {
      ...ann,
      'm3o-caller': 'person="eve"',
      'm3o-actor': '{"personId":"u","email":"e","teamIds":["t_demo"]}',
    })
    expect(last().headers['m3o-caller']).toBe('person="ann@x.y", team="demo"')
    expect(last().headers).not.toHaveProperty('authorization')
    expect(last().headers).not.toHaveProperty('m3o-actor')
    await ask('/v1/hello/x', { 'm3o-authorization': 'm3o_ann', authorization: 'Basic Zm9v' })
    expect(last().headers.authorization).toBe('Basic Zm9v')
    expect(last().headers).not.toHaveProperty('m3o-authorization')
    await ask('/v1/@demo/open/x', { 'm3o-caller': 'person="eve"' })
    expect(last().headers).not.toHaveProperty('m3o-caller')
  })

  test('a bad token is refused, even where none is needed', async () => {
    for (const bad of ['m3o_nobody', 'm3o_old']) {
      expect((await ask('/v1/@demo/open/x', { authorization: `Bearer ${bad}` })).status).toBe(401)
    }
    expect((await ask('/v1/hello/x', { authorization: 'Bearer m3o_reads' })).status).toBe(403)
    expect((await ask('/v1/hello/x', { authorization: 'Bearer m3o_scoped' })).status).toBe(403)
    expect((await ask('/v1/open/x', { authorization: 'Bearer m3o_scoped' })).status).toBe(200)
    expect((await ask('/v1/hello/x', { authorization: 'Bearer m3o_services' })).status).toBe(200)
    expect((await ask('/v1/open/x', { authorization: 'Bearer m3o_scoped', 'm3o-environment': 'alice' })).status).toBe(
      403,
    )
  })

  test('the audience decides: the team, named teams, the platform, anyone', async () => {
    expect((await ask('/v1/@other/shared/x', ann)).status).toBe(200)
    expect((await ask('/v1/@other/given/x', ann)).status).toBe(200)
    expect((await ask('/v1/@other/secret/x', ann)).json()).toMatchObject({ code: 403, id: 'm3o.forbidden' })
    expect((await ask('/v1/@other/shared/x')).status).toBe(401)
    expect((await ask('/v1/@demo/hello/x')).headers['www-authenticate']).toContain('Bearer')
  })

  test('an instance is known by its key, from its own address alone', async () => {
    expect((await ask(`/~${'k'.repeat(32)}/hello/a/b`)).status).toBe(200)
    expect(last()).toMatchObject({
      path: '/a/b',
      headers: { 'm3o-caller': 'service="hello", team="demo"', 'm3o-hops': '1' },
    })
    expect((await ask(`/~${'k'.repeat(32)}/@other/shared/a`)).status).toBe(200)
    expect((await ask(`/~${'k'.repeat(32)}/v1/hello/a`)).status).toBe(200)
    expect((await ask(`/~${'k'.repeat(32)}/@other/secret/a`)).status).toBe(403)
    expect((await ask(`/~${'f'.repeat(32)}/hello/a`)).status).toBe(401)
    expect((await ask(`/~${'x'.repeat(32)}/open/a`)).status).toBe(401)
    expect((await ask(`/~${'k'.repeat(32)}/hello/_m3o/describe`)).status).toBe(404)
  })

  test('a call that goes in a circle ends as a loop', async () => {
    expect((await ask(`/~${'k'.repeat(32)}/hello/`, { 'm3o-hops': '23' })).status).toBe(200)
    expect((await ask(`/~${'k'.repeat(32)}/hello/`, { 'm3o-hops': '24' })).json()).toMatchObject({
      code: 508,
      id: 'm3o.loop',
    })
    expect((await ask('/v1/hello/', { ...ann, 'm3o-hops': '99' })).status).toBe(200)
  })

  test('headers that Connection names do not reach the service, and cannot take its framing or its caller away', async () => {
    await ask(
      '/v1/hello/x',
      {
        ...ann,
        connection: 'close, x-hop, m3o-caller, content-length',
        'x-hop': '1',
        'x-end': '2',
        'proxy-connection': 'x',
        'proxy-authorization': 'y',
      },
      'POST',
      'abc',
    )
    expect(last().headers).toMatchObject({
      'x-end': '2',
      'm3o-caller': 'person="ann@x.y", team="demo"',
      'content-length': '3',
      via: '1.1 m3o',
    })
    for (const name of ['x-hop', 'proxy-connection', 'proxy-authorization'])
      expect(last().headers).not.toHaveProperty(name)
  })
})

describe('environments', () => {
  const served = async (path: string, headers: Record<string, string>) =>
    (await ask(path, headers)).headers['m3o-served-by']

  test('are chosen by token, header or host, by those allowed in them', async () => {
    expect(await served('/v1/hello/x', { authorization: 'Bearer m3o_alice' })).toBe('hello@alice22 alice')
    expect(await served('/v1/hello/x', { ...ann, 'm3o-environment': 'alice' })).toBe('hello@alice22 alice')
    expect(await served('/v1/hello/x', { ...ann, 'm3o-environment': 'staging' })).toBe('hello@prod111 production')
    expect(last().headers).not.toHaveProperty('m3o-environment')
    expect(await served('/v1/hello/x', { authorization: 'Bearer m3o_alice', 'm3o-environment': 'production' })).toBe(
      'hello@prod111 production',
    )
    expect((await ask('/v1/@demo/open/x', { 'm3o-environment': 'alice' })).status).toBe(401)
    expect((await ask('/', { host: 'open--alice--demo.localhost' })).status).toBe(401)
    expect((await ask('/v1/hello/x', { ...ann, 'm3o-environment': 'nowhere' })).status).toBe(404)
  })

  test('that are gone say so, and what was never deployed too', async () => {
    const gone = { code: 410, id: 'm3o.environment_gone', detail: 'the environment past expired on Monday' }
    expect((await ask('/v1/hello/x', { ...ann, 'm3o-environment': 'past' })).json()).toMatchObject(gone)
    expect((await ask('/v1/hello/x', { authorization: 'Bearer m3o_past' })).json()).toMatchObject(gone)
    expect((await ask('/v1/never/x', ann)).json()).toMatchObject({
      code: 404,
      detail: expect.stringContaining('never deployed'),
    })
  })

  test("that are another team's are refused with the reason, whoever names them", async () => {
    const eve = stand.token('m3o_eve', { teamId: 't_other' })
    await stand.publish()
    expect((await ask('/', { host: 'open--alice--demo.localhost', ...eve })).json()).toMatchObject({
      code: 403,
      id: 'm3o.forbidden',
      detail: 'the environment alice is open to its team only',
    })
    expect((await ask('/', { host: 'open--past--demo.localhost', ...ann })).json()).toMatchObject({
      code: 410,
      detail: 'the environment past expired on Monday',
    })
    expect((await ask('/v1/@demo/open/x', { ...eve, 'm3o-environment': 'alice' })).status).toBe(404)
  })

  test('that a call carried and that are gone meanwhile end it, from inside and from outside', async () => {
    const soon = stand.environment('soon', 'e_production')
    const below = stand.environment('below', soon)
    await stand.publish()
    const carriedIn = async (name: string) => {
      await ask('/v1/hello/x', { ...ann, 'm3o-environment': name })
      return { baggage: last().headers.baggage as string }
    }
    const [ofSoon, ofBelow] = [await carriedIn('soon'), await carriedIn('below')]
    const key = `/~${'k'.repeat(32)}/hello/x`
    stand.table.environments[soon] = { ...stand.table.environments[soon]!, gone: 'the environment soon was deleted' } // made above
    await stand.publish()
    for (const answer of [
      await ask(key, ofSoon),
      await ask(key, ofBelow),
      await ask('/v1/hello/x', { ...ann, ...ofSoon }),
    ]) {
      expect(answer.json()).toMatchObject({
        code: 410,
        id: 'm3o.environment_gone',
        detail: 'the environment soon was deleted',
      })
    }
    // Forgotten altogether, it is still no other one.
    delete stand.table.environments[soon]
    delete stand.table.environments[below]
    await stand.publish()
    const gone = { code: 410, detail: 'the environment of this call no longer exists' }
    expect((await ask(key, ofSoon)).json()).toMatchObject(gone)
    expect((await ask('/v1/hello/x', { ...ann, ...ofSoon })).json()).toMatchObject(gone)
    expect((await ask('/v1/@demo/open/x', ofSoon)).status).toBe(200)
  })

  test('a trace says of each hop in which environment it ran, why there, and whose copy answered', async () => {
    const first = await ask('/v1/hello/Say?name=x', { ...ann, 'm3o-environment': 'alice' })
    const { traceparent, baggage } = last().headers as { traceparent: string; baggage: string }
    await ask(`/~${'a'.repeat(32)}/open/x`, { traceparent, baggage })
    await ask(`/~${'k'.repeat(32)}/never/x`, { traceparent })
    const [, traceId = ''] = first.headers.traceparent?.split('-') ?? []
    const hops = await stand.control.call('traces.read', { traceId })
    expect(hops).toMatchObject([
      {
        service: { name: 'hello' },
        caller: 'person',
        path: '/Say',
        environment: { name: 'alice' },
        choice: 'header',
        servedBy: { name: 'alice' },
        revision: 'alice22',
        parent: null,
        status: 200,
      },
      {
        service: { name: 'open' },
        caller: 'hello',
        environment: { name: 'alice' },
        choice: 'carried',
        servedBy: { name: 'production' },
        parent: hops[0]?.span,
      },
      {
        service: { name: 'never' },
        caller: 'hello',
        environment: { name: 'production' },
        choice: 'instance',
        servedBy: null,
        status: 404,
        parent: hops[0]?.span,
      },
    ])
  })

  test('and of a hop that was refused, why: gone, in a circle', async () => {
    const past = stand.environment('brief', 'e_production')
    await stand.publish()
    const first = await ask('/v1/hello/x', { ...ann, 'm3o-environment': 'brief' })
    const { traceparent, baggage } = last().headers as { traceparent: string; baggage: string }
    stand.table.environments[past] = { ...stand.table.environments[past]!, gone: 'the environment brief was deleted' } // made above
    await stand.publish()
    await ask(`/~${'k'.repeat(32)}/open/x`, { traceparent, baggage })
    await ask(`/~${'k'.repeat(32)}/hello/x`, { traceparent, 'm3o-hops': '24' })
    const hops = await stand.control.call('traces.read', { traceId: first.headers.traceparent?.split('-')[1] ?? '' })
    expect(hops).toMatchObject([
      { service: { name: 'hello' }, choice: 'header', servedBy: { name: 'production' }, refusal: null },
      {
        service: { name: 'open' },
        caller: 'hello',
        choice: 'carried',
        environment: { name: 'brief' },
        servedBy: null,
        status: 410,
        refusal: 'the environment brief was deleted',
        parent: hops[0]?.span,
      },
      {
        service: { name: 'hello' },
        caller: 'hello',
        environment: { name: 'production' },
        servedBy: null,
        status: 508,
        refusal: expect.stringContaining('in a loop'),
        parent: hops[0]?.span,
      },
    ])
  })

  test('are carried from service to service in the baggage, merged with what others put there', async () => {
    await ask('/v1/hello/x', {
      authorization: 'Bearer m3o_alice',
      baggage: 'a=1;p=q, m3o-env=forged.1.AAAAAAAAAAAAAAAAAAAAAA,b=2',
    })
    const { baggage } = last().headers
    expect(baggage).toMatch(/^m3o-env=e_alice\.5\.[\w-]{22},a=1;p=q,b=2$/)
    // hello of production, called within alice, calls on: alice's is meant.
    expect(await served(`/~${'k'.repeat(32)}/hello/x`, { baggage: baggage as string })).toBe('hello@alice22 alice')
    expect(last().headers.baggage).toBe(baggage)
    // Of an override, also when the context was lost.
    expect(await served(`/~${'a'.repeat(32)}/hello/x`, {})).toBe('hello@alice22 alice')
    expect(last().headers.baggage).toMatch(/^m3o-env=e_alice\./)
    // A forged claim is none.
    expect(await served(`/~${'k'.repeat(32)}/hello/x`, { baggage: 'm3o-env=e_alice.1.AAAAAAAAAAAAAAAAAAAAAA' })).toBe(
      'hello@prod111 production',
    )
    // Another team resolves its own environments and passes ours on untouched, back to us.
    expect(await served(`/~${'k'.repeat(32)}/@other/shared/x`, { baggage: baggage as string })).toBe(
      'shared@abc1234 production',
    )
    expect(last().headers.baggage).toBe(baggage)
    expect((await ask(`/~${'o'.repeat(32)}/@demo/open/x`, { baggage: baggage as string })).status).toBe(200)
    // From outside it is honoured for those who are allowed in it, and otherwise as if it were not there.
    expect(await served('/v1/hello/x', { ...ann, baggage: baggage as string })).toBe('hello@alice22 alice')
    expect(await served('/v1/@demo/open/x', { baggage: baggage as string })).toBe('open@prod111 production')
    expect(last().headers.baggage).toMatch(/^m3o-env=e_production\.3\./)
  })

  test("baggage beyond the limits of W3C loses others' members, whole ones, and never ours", async () => {
    await ask('/v1/hello/x', {
      ...ann,
      baggage: Array.from({ length: 90 }, (_, i) => `k${i}=${'v'.repeat(100)}`).join(','),
    })
    const members = (last().headers.baggage as string).split(',')
    expect(members).toHaveLength(64)
    expect(members[0]).toMatch(/^m3o-env=/)
    expect(members.at(-1)).toMatch(/^k62=v{100}$/)
  })

  test('a trace goes on with a span of ours, and an invalid one is begun anew', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c'
    const { headers } = await ask('/v1/hello/x', {
      ...ann,
      traceparent: `00-${trace}-b7ad6b7169203331-00`,
      tracestate: 'a=b',
    })
    expect(headers.traceparent).toMatch(new RegExp(`^00-${trace}-(?!b7ad6b7169203331)[0-9a-f]{16}-00$`))
    expect(last().headers).toMatchObject({ traceparent: headers.traceparent, tracestate: 'a=b' })
    for (const bad of [
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `ff-${trace}-b7ad6b7169203331-01`,
      `00-${trace}-b7ad6b7169203331-01-x`,
      'x',
    ]) {
      expect(
        (await ask('/v1/hello/x', { ...ann, traceparent: bad, tracestate: 'a=b' })).headers.traceparent,
      ).not.toContain(trace)
      expect(last().headers).not.toHaveProperty('tracestate')
    }
  })
})
