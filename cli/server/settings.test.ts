import { expect, test } from 'vitest'
import { readSettings } from './settings.ts'

test('without variables, root and others get their own folders and the same ports', () => {
  expect(readSettings({}, true)).toMatchObject({
    home: '/var/lib/m3o',
    host: '127.0.0.1',
    port: 4000,
    gatewayPort: 8080,
    domain: 'localhost',
    engine: 'process',
    samples: true,
  })
  expect(readSettings({ XDG_DATA_HOME: '/data' }, false).home).toBe('/data/m3o')
  expect(readSettings({ XDG_DATA_HOME: 'relative' }, false).home).toMatch(/\/\.local\/share\/m3o$/)
})

test('an empty variable is as good as none', () => {
  expect(readSettings({ M3O_PORT: '', M3O_URL: ' ', DATABASE_URL: '' }, true)).toMatchObject({
    port: 4000,
    url: undefined,
    databaseUrl: undefined,
  })
})

test.each([
  ['M3O_PORT', 'http'],
  ['M3O_PORT', '65536'],
  ['M3O_PORT', '-1'],
  ['M3O_GATEWAY_PORT', '80.5'],
  ['M3O_HOST', '127.0.0.1/8'],
  ['M3O_URL', 'm3o.example.com'],
  ['M3O_URL', 'https://example.com/m3o'],
  ['M3O_URL', 'ftp://example.com'],
  ['M3O_DOMAIN', 'localhost:8080'],
  ['M3O_DOMAIN', '-x'],
  ['M3O_ENGINE', 'docker'],
  ['M3O_ENGINE', 'swarm'],
  ['M3O_SAMPLES', 'no'],
  ['M3O_LOG_LEVEL', 'verbose'],
  ['DOCKER_HOST', 'localhost'],
  ['M3O_HOME', '/'],
  ['M3O_HOME', `/${'x'.repeat(99)}`],
  ['M3O_EGRESS', 'some; where'],
  ['M3O_TEAM_MEMORY', '4 cows'],
  ['M3O_TEAM_DISK', '1MB'],
  ['M3O_TEAM_PROCESSES', '3'],
  ['M3O_TEAMS_WITHOUT_WALLS', 'yes'],
  ['M3O_SMTP_URL', 'mail.example.com'],
  ['M3O_SMTP_URL', 'smtp://mail.example.com'],
  ['M3O_MAIL_FROM', 'nobody'],
  ['M3O_OIDC_ISSUER', 'https://login.example.com'],
  ['M3O_GITHUB_CLIENT_ID', 'x'],
  ['M3O_GOOGLE_CLIENT_SECRET', 'x'],
  ['M3O_GITHUB_URL', 'github.example.com'],
  ['DATABASE_URL', 'mysql://localhost/m3o'],
  ['M3O_ADMIN_EMAIL', 'a@b.c'],
  ['M3O_ADMIN_PASSWORD', 'long enough'],
])('%s=%s is refused in one line that names it', (name, value) => {
  expect(() => readSettings({ [name]: value }, true)).toThrow(new RegExp(`^[^\\n]*${name}[^\\n]*$`))
})

test('a refused database address does not repeat its password', () => {
  expect(() => readSettings({ DATABASE_URL: 'postgres://me:hunter2@x:port/m3o' }, true)).toThrow(/^(?!.*hunter2)/)
})

test('mail and providers are taken when whole, and refused without repeating what may be secret', () => {
  expect(() =>
    readSettings(
      {
        M3O_SMTP_URL: 'smtps://me:hunter2@mail.example.com',
        M3O_MAIL_FROM: 'M3O <m3o@example.com>',
        M3O_GITHUB_CLIENT_ID: 'a',
        M3O_GITHUB_CLIENT_SECRET: 'b',
        M3O_OIDC_ISSUER: 'https://login.example.com',
        M3O_OIDC_CLIENT_ID: 'a',
        M3O_OIDC_CLIENT_SECRET: 'b',
      },
      true,
    ),
  ).not.toThrow()
  expect(() => readSettings({ M3O_SMTP_URL: 'http://me:hunter2@mail.example.com' }, true)).toThrow(/^(?!.*hunter2)/)
})

test('one port cannot serve both the console and the gateway', () => {
  expect(() => readSettings({ M3O_PORT: '8080' }, true)).toThrow(/M3O_PORT and M3O_GATEWAY_PORT/)
})
