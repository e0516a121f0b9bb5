import type { Action } from '#contract/permissions.ts'
import type { World } from './world.ts'

interface Request {
  method: string
  path: string
  body?: string
}

interface Trial {
  action: Action | 'open'
  request: (own: World) => Request
  /** The same with what is another team's, by which part of it is. */
  foreign?: Record<string, (own: World, other: World) => Request>
  /** Only a token is looked at: `git` sends no cookies. */
  tokensOnly?: true
  /** Answers of those who may, besides 2xx. */
  ends?: readonly number[]
  /** Refused by what is of no service or environment: whatever reaches only some of them is refused. */
  ofAllEnvironments?: true
  /** Where nobody is told to sign in: what it gives instead. */
  nobody?: number
}

const query = (given: Record<string, string>) => new URLSearchParams(given).toString()
const here = ({ team, environment, service }: World) => ({ team, environment, service })
/** A request whose names are another team's, one at a time. */
const swapped = (make: (own: World) => Request) =>
  Object.fromEntries(
    (['team', 'environment', 'service'] as const).map((key) => [
      key,
      (own: World, other: World) => make({ ...own, [key]: key === 'environment' ? other.child : other[key] }),
    ]),
  )

const upload = (own: World): Request => ({
  method: 'POST',
  path: `/api/upload/deploy?${query({ team: own.team, environment: own.environment, service: own.service })}`,
  body: 'no tar',
})
const file = (own: World): Request => ({
  method: 'PUT',
  path: `/api/upload/file?${query({ ...here(own), path: 'README.md', expected: 'another' })}`,
  body: 'text',
})
const raw = (own: World): Request => ({ method: 'GET', path: `/api/raw?${query({ ...here(own), path: 'index.ts' })}` })
const logs = (own: World): Request => ({
  method: 'GET',
  path: `/api/logs?${query({ team: own.team, environment: own.environment, services: own.service })}`,
})
const calls = (own: World): Request => ({
  method: 'POST',
  path: `/api/calls?${query({ ...here(own), path: '/Hello' })}`,
  body: '{"name":"a"}',
})
const git =
  (path: string) =>
  (own: World): Request => ({ method: 'GET', path: `/git/${own.team}/${own.service}.git/${path}` })
const ofRepository = (make: (own: World) => Request) => {
  const { team, service } = swapped(make)
  return { team, service } as Record<string, (own: World, other: World) => Request>
}

/** Everything that is served beside pages and procedures, by the beginning of its path in server/http/front.ts. */
export const routeTrials: Record<string, Record<string, Trial>> = {
  '/api/auth': {
    // A token signs nobody in: whoever sends one is told to leave it out.
    csrf: { action: 'open', request: () => ({ method: 'GET', path: '/api/auth/csrf' }), ends: [400] },
    session: { action: 'open', request: () => ({ method: 'GET', path: '/api/auth/session' }), ends: [400] },
  },
  '/api/trpc': {
    'a procedure (each is tried above)': {
      action: 'open',
      request: () => ({ method: 'GET', path: '/api/trpc/platform.welcome' }),
    },
  },
  '/api/upload': {
    deploy: {
      action: 'service.deploy',
      request: upload,
      foreign: { team: swapped(upload).team ?? upload, environment: swapped(upload).environment ?? upload },
      ends: [400],
    },
    file: { action: 'source.write', request: file, foreign: swapped(file), ends: [409] },
    'no such': { action: 'open', request: () => ({ method: 'POST', path: '/api/upload/else' }), ends: [404] },
  },
  '/api/raw': { file: { action: 'source.read', request: raw, foreign: swapped(raw) } },
  '/api/logs': { lines: { action: 'log.read', request: logs, foreign: swapped(logs) } },
  '/api/calls': { call: { action: 'service.call', request: calls, foreign: swapped(calls) } },
  '/api': { nothing: { action: 'open', request: () => ({ method: 'GET', path: '/api/else' }), ends: [404] } },
  '/git': {
    fetch: {
      action: 'source.read',
      request: git('info/refs?service=git-upload-pack'),
      foreign: ofRepository(git('info/refs?service=git-upload-pack')),
      tokensOnly: true,
      ofAllEnvironments: true,
    },
    push: {
      action: 'source.write',
      request: git('info/refs?service=git-receive-pack'),
      foreign: ofRepository(git('info/refs?service=git-receive-pack')),
      tokensOnly: true,
      ofAllEnvironments: true,
    },
    'a file inside': {
      action: 'source.read',
      request: git('HEAD'),
      foreign: ofRepository(git('HEAD')),
      tokensOnly: true,
      ofAllEnvironments: true,
      ends: [403, 404],
    },
  },
  '/handover': {
    "to a service's host": {
      action: 'person.read',
      request: ({ team, service }) => ({
        method: 'GET',
        path: `/handover?host=${service}--${team}.localhost:GATEWAY&to=/&state=of-the-nonce`,
      }),
      ends: [303, 404],
      nobody: 303,
    },
    elsewhere: {
      action: 'open',
      request: () => ({ method: 'GET', path: '/handover?host=evil.example&to=/' }),
      ends: [400],
    },
  },
  '/metrics': {
    web: { action: 'platform.read', request: () => ({ method: 'GET', path: '/metrics' }) },
    runtime: { action: 'platform.read', request: () => ({ method: 'GET', path: '/metrics/runtime' }) },
    gateway: { action: 'platform.read', request: () => ({ method: 'GET', path: '/metrics/gateway' }) },
    'no such': { action: 'platform.read', request: () => ({ method: 'GET', path: '/metrics/else' }), ends: [404] },
  },
  '/health': { health: { action: 'open', request: () => ({ method: 'GET', path: '/health' }) } },
}

/** Upgrades, by their paths; what they carry is tried as topics, and in server/testing/matrix/hijacking.test.ts. */
export const upgradePaths = ['/live', '/laptop'] as const
