import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { cached, transformTree } from '#sdk/compile/transform.ts'
import { preloadsOf } from './preloads.ts'

const folders: string[] = []
afterEach(async () => {
  await cached()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

async function preloads(entry: string, files: Record<string, string>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'm3o-preloads-'))
  folders.push(folder)
  const [sourceDir, buildDir] = [join(folder, 'app'), join(folder, 'js')]
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(sourceDir, path)), { recursive: true })
    writeFileSync(join(sourceDir, path), text)
  }
  await transformTree({ app: sourceDir, into: buildDir, cache: join(folder, 'cache') })
  return (await preloadsOf({ sourceDir, buildDir, entry })).map(({ specifier, kind }) => `${kind} ${specifier}`)
}

test('a module’s packages are loaded ahead, in the order of its imports', async () => {
  expect(
    await preloads('index.ts', {
      'index.ts':
        "import { readFile } from 'node:fs/promises'\nimport {\n  service,\n  endpoint,\n} from '@m3o/sdk'\nimport 'reflect-metadata'\nimport { z } from 'zod'\nimport type { X } from 'types-only'\nexport default service({ x: endpoint({ request: z.object({}), response: z.any(), run: () => readFile('x') }) })\n",
    }),
  ).toEqual(['import @m3o/sdk', 'import reflect-metadata', 'import zod'])
})

test('nothing is loaded ahead that comes after a line of the service’s own', async () => {
  expect(
    await preloads('index.ts', {
      'index.ts': "import 'first'\nimport './settings.ts'\nimport 'patched'",
      'settings.ts': "import 'second'\nprocess.env.MODE = 'fast'",
    }),
  ).toEqual(['import first', 'import second'])
  expect(
    await preloads('index.js', {
      'index.js':
        "'use strict'\n// web\nconst express = require('express')\nconst { json, urlencoded } = require('body-parser')\nexpress.response.x = 1\nconst later = require('later')\n",
    }),
  ).toEqual(['require express', 'require body-parser'])
  expect(
    await preloads('index.js', {
      'index.js': "if (process.env.APM) require('apm')\nconst express = require('express')",
    }),
  ).toEqual([])
})

test('own files are found as Node and TypeScript find them, and none outside of the tree', async () => {
  expect(await preloads('src/main.ts', { 'src/main.ts': "import './app.js'", 'src/app.ts': "import 'pkg'" })).toEqual([
    'import pkg',
  ])
  expect(await preloads('index.js', { 'index.js': "import '../../../../etc/passwd'\nimport 'pkg'" })).toEqual([])
  expect(
    await preloads('index.js', { 'index.js': "import './a.js'", 'a.js': "import './index.js'\nimport 'pkg'" }),
  ).toEqual(['import pkg'])
  expect(await preloads('broken.js', { 'broken.js': 'import {{{' })).toEqual([])
})
