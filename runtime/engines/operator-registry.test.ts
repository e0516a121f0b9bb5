import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { readOperatorRegistry } from './operator-registry.ts'

const asEnvironment = (env: Record<string, string>) => env as Partial<NodeJS.ProcessEnv> as NodeJS.ProcessEnv

test('takes registry, proxy and certificates from npm’s files and environment, the nearest first', async () => {
  const folder = mkdtempSync(`${tmpdir()}/m3o-npmrc-`)
  writeFileSync(
    `${folder}/npmrc`,
    'registry = "http://${WHERE}:4873/"\nstrict-ssl=false\n//10.1.2.3:4873/:_authToken=secret\n; a comment\n',
  )
  writeFileSync(`${folder}/ca.pem`, 'certificate')
  const found = await readOperatorRegistry(
    asEnvironment({
      NPM_CONFIG_USERCONFIG: `${folder}/npmrc`,
      WHERE: '10.1.2.3',
      npm_config_strict_ssl: 'true',
      https_proxy: 'http://10.1.2.4:3128',
      NODE_EXTRA_CA_CERTS: `${folder}/ca.pem`,
    }),
  )
  expect(found.env).toMatchObject({
    npm_config_registry: 'http://10.1.2.3:4873/',
    npm_config_strict_ssl: 'true',
    HTTPS_PROXY: 'http://10.1.2.4:3128',
    NODE_EXTRA_CA_CERTS: '/m3o/certificates.pem',
  })
  expect(found.binds).toEqual([{ host: `${folder}/ca.pem`, inside: '/m3o/certificates.pem' }])
  expect(found.permitted).toEqual([
    { address: '10.1.2.3', port: 4873 },
    { address: '10.1.2.4', port: 3128 },
  ])
  rmSync(folder, { recursive: true })
})

test('passes no credentials on', async () => {
  const { env } = await readOperatorRegistry(
    asEnvironment({
      NPM_CONFIG_USERCONFIG: '/nowhere',
      npm_config_registry: 'https://me:secret@registry.example/',
      'npm_config_//r/:_authToken': 'secret',
      HTTPS_PROXY: 'http://u:secret@proxy:1',
    }),
  )
  expect(JSON.stringify(env)).not.toContain('secret')
})
