import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPlatformDir } from '../platform/platform-folder.ts'
import { cached, transformTree } from './transform.ts'

let folder: string
let platform: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'm3o-transform-'))
  platform = await buildPlatformDir(join(folder, 'platform'))
})
afterAll(async () => {
  await cached()
  await rm(folder, { recursive: true, force: true })
})

async function tree(
  name: string,
  files: Record<string, string>,
): Promise<{ app: string; into: string; cache: string }> {
  const app = join(folder, name, 'app')
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(app, path)), { recursive: true })
    await writeFile(join(app, path), content)
  }
  return { app, into: join(folder, name, 'js'), cache: join(folder, 'cache') }
}

/** Runs as the platform does, with the preload and the build's JavaScript. */
async function run(
  { app, into }: { app: string; into: string },
  entry: string,
): Promise<{ code: number | null; out: string }> {
  const env = { PATH: process.env.PATH, M3O_BUILD: into } as unknown as NodeJS.ProcessEnv
  const child = spawn(process.execPath, [`--import=${platform}/preload.mjs`, join(app, entry)], { cwd: app, env })
  let out = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (out += text))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, out }
}

describe('the TypeScript of a service', () => {
  it('runs with enums, parameter properties, decorators’ fields, JSX apart, and imports as real services write them', async () => {
    const made = await tree('features', {
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./lib/*"] } } } // with a comment',
      'index.ts': [
        "import { Color } from './lib/color'",
        "import * as lib from './lib'",
        "import { q } from '@/q.js'",
        "import type { T } from './nowhere'",
        'class Point { constructor(public x: number) {} }',
        'const t: T | undefined = undefined',
        'console.log(JSON.stringify([Color.Red, lib.y, q, new Point(4).x, __dirname.endsWith("app"), t ?? null]))',
      ].join('\n'),
      'lib/color.ts': 'export enum Color { Red = "red" }',
      'lib/index.ts': 'export const y = 2',
      'lib/q.ts': 'export const q = 3',
    })
    await transformTree(made)
    expect(await run(made, 'index.ts')).toEqual({ code: 0, out: '["red",2,3,4,true,null]\n' })
  })

  it('runs as CommonJS where package.json says so', async () => {
    const made = await tree('commonjs', {
      'package.json': '{"type":"commonjs"}',
      'index.ts': "import { y } from './y'\nconsole.log(require.main === module, y, typeof __filename)",
      'y.ts': 'export const y: number = 2',
    })
    await transformTree(made)
    expect(await run(made, 'index.ts')).toEqual({ code: 0, out: 'true 2 string\n' })
  })

  it('names its own lines in stacks', async () => {
    const made = await tree('stack', {
      'index.ts':
        'interface A {\n  b: string\n}\n\nfunction boom(a?: A): never {\n  throw new Error(a?.b)\n}\nboom()\n',
    })
    await transformTree(made)
    const { code, out } = await run(made, 'index.ts')
    expect(code).toBe(1)
    expect(out).toContain('app/index.ts:6:9')
    expect(out).toContain('app/index.ts:8:1')
  })

  it('says where it cannot be read', async () => {
    const made = await tree('broken', { 'src/a.ts': 'const a = 1\nconst b = = 2\n' })
    await expect(transformTree(made)).rejects.toMatchObject({
      code: 'build_failed',
      message: expect.stringMatching(/^src\/a\.ts:2:11: Unexpected "="\n[\s\S]*> 2 \| const b = = 2\n.*\^/),
      data: { file: 'src/a.ts', line: 2, column: 11 },
    })
  })

  it('follows no link out of the tree', async () => {
    const made = await tree('link', { 'index.ts': '' })
    await writeFile(join(folder, 'secret.ts'), 'export const secret = 1')
    await symlink(join(folder, 'secret.ts'), join(made.app, 'stolen.ts'))
    expect(Object.keys((await transformTree(made)).files)).toEqual(['index.ts'])
  })
})
