import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeReadme, resolveManifest } from './convention.ts'
import { isPlatformError } from './errors.ts'
import { manifestKeys, parseManifest } from './manifest.ts'

function faultOf(text: string) {
  try {
    parseManifest(text)
  } catch (error) {
    if (isPlatformError(error)) return error
    throw error
  }
  return undefined
}

describe('m3o.json', () => {
  it('takes sizes and times as people write them', () => {
    expect(parseManifest('{"memory": "1GB", "idle": "1h30m", "instances": {"max": 3}, "cpu": 0.5}')).toEqual({
      memory: 1024,
      idle: 5_400_000,
      instances: { min: 1, max: 3 },
      cpu: 0.5,
    })
  })

  it.each([
    ['{\n  "command": "x",\n  "memry": "1GB"\n}', 3, 3, 'memry'],
    ['{\n  "instances": {"min": 1, "mox": 2}\n}', 2, 27, 'mox'],
    ['{\n  "cpu": \n}', 3, 1, 'cpu'],
    ['{\n  "memory": "lots"\n}', 2, 13, 'memory'],
    ['{"cpu": 1, "cpu": 2}', 1, 12, 'cpu'],
    ['{"__proto__": 1}', 1, 2, '__proto__'],
  ])('says where the fault is: %j', (text, line, column, key) => {
    expect(faultOf(text)).toMatchObject({ code: 'invalid_manifest', data: { line, column, key } })
  })

  it('answers any text with a manifest or with a place in it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .dictionary(fc.constantFrom(...manifestKeys), fc.jsonValue())
            .map((value) => JSON.stringify(value, null, 1)),
        ),
        (text) => {
          const fault = faultOf(text)
          if (!fault) return
          expect(fault.code).toBe('invalid_manifest')
          expect(fault.data?.line).toBeGreaterThan(0)
        },
      ),
    )
  })

  it('survives a file of nothing but brackets', () => {
    expect(faultOf('{"a":'.repeat(3_900))?.message).toContain('nested too deeply')
    expect(faultOf('['.repeat(19_000))?.message).toContain('nested too deeply')
  })
})

describe('what is run by convention', () => {
  const startOf = (files: Record<string, string>) => resolveManifest(Object.keys(files), (path) => files[path]).start

  it.each([
    [{ 'index.ts': '' }, { kind: 'entry', entry: 'index.ts' }],
    [
      { 'package.json': '{"scripts":{"start":"node ./server"}}', 'server.js': '' },
      { kind: 'entry', entry: 'server.js' },
    ],
    [{ 'package.json': '{"scripts":{"start":"next start"}}' }, { kind: 'shell', line: 'next start' }],
    [
      { 'package.json': '{"main":"dist/app.js"}', 'src/app.ts': '' },
      { kind: 'entry', entry: 'src/app.ts' },
    ],
    [{ 'main.py': '' }, { kind: 'program', argv: ['python3', '-u', 'main.py'] }],
    [
      { 'm3o.json': '{"command":"./run"}', run: '' },
      { kind: 'shell', line: './run' },
    ],
  ])('%j', (files, start) => {
    expect(startOf(files as unknown as Record<string, string>)).toEqual(start)
  })

  it('says so when nothing can be run', () => {
    expect(() => startOf({ 'notes.txt': '' })).toThrow('no entry file')
  })

  it('describes a service by the first prose of its README', () => {
    expect(describeReadme('# Title\n\n![badge](x)\n\nKeeps *notes*, with\n[care](y).\n\nMore.')).toBe(
      'Keeps notes, with care.',
    )
    expect(describeReadme('# Only a title')).toBeUndefined()
  })
})
