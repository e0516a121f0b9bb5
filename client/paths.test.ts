import { expect, test } from 'vitest'
import { paths } from './paths.ts'

const to = (environment: string, path: string, team = 'demo') => {
  const { pathname, search } = new URL(path, 'http://console')
  return paths.switchedTo({ pathname, search }, { team, environment })
}

test('another environment keeps the screen and what its query means there', () => {
  expect(to('alice', '/demo/production/services?q=mail&state=failed')).toBe('/demo/alice/services?q=mail&state=failed')
  expect(to('alice', '/demo/production/services/hello/api?endpoint=Hello')).toBe(
    '/demo/alice/services/hello/api?endpoint=Hello',
  )
  expect(to('alice', '/demo/production/services/hello/metrics?range=24h')).toBe(
    '/demo/alice/services/hello/metrics?range=24h',
  )
  expect(to('alice', '/demo/production/shared/other/mail?view=docs')).toBe('/demo/alice/shared/other/mail?view=docs')
  expect(to('alice', '/demo/staging/environments/compare?against=production')).toBe(
    '/demo/alice/environments/compare?against=production',
  )
})

test('what belongs to one environment alone is left behind', () => {
  expect(to('alice', '/demo/production/services/hello/logs?q=oops&at=hello%3A17&instance=i_1&trace=abc')).toBe(
    '/demo/alice/services/hello/logs?q=oops',
  )
  expect(to('alice', '/demo/production/services/hello/deployments/d_1')).toBe('/demo/alice/services/hello/deployments')
  expect(to('production', '/demo/staging/environments/compare?against=production')).toBe(
    '/demo/production/environments/compare',
  )
})

test('another team has other services: only the section is kept', () => {
  expect(to('production', '/demo/alice/services/hello/api?endpoint=Hello', 'crew')).toBe('/crew/production/services')
  expect(to('production', '/demo/alice/logs?q=x', 'crew')).toBe('/crew/production/logs')
})
