import { expect, test } from 'vitest'
import { maxMessageChars } from '#contract/bounds.ts'
import { describeReadme, packageOf } from '#contract/convention.ts'
import { planInstall } from '../builds/dependencies.ts'
import { parseJsonLine } from '../logs/json-line.ts'
import { decodeCommit } from './objects.ts'

/*
 * Texts of a tenant at which an expression that goes back takes quadratic time: hours, at this size. Each test ends at once, or never.
 */

const many = 1 << 20
const tree = (files: Record<string, string>) => ({
  app: '',
  files: new Set(Object.keys(files)),
  read: (path: string) => files[path],
  treeHash: '',
})
const python = { runtime: 'python' } as Parameters<typeof planInstall>[1]

test.each(['\n', ' ', '\t\n', '\r\n'])('a requirements.txt and a pyproject.toml of a million times %j', (blank) => {
  expect(planInstall(tree({ 'requirements.txt': `${blank.repeat(many)}x` }), python, 't')?.kind).toBe('pip')
  expect(planInstall(tree({ 'pyproject.toml': `${blank.repeat(many)}x` }), python, 't')).toBeUndefined()
  expect(planInstall(tree({ 'requirements.txt': '\n  -r other.txt' }), python, 't')?.whole).toBe(true)
  expect(planInstall(tree({ 'pyproject.toml': '[project]\n  dependencies = [\n "a"]' }), python, 't')?.kind).toBe('pip')
})

test('a commit message of a million line breaks, and an author of a million brackets', () => {
  const commit = (author: string, message: string) =>
    decodeCommit(Buffer.from(`tree ${'0'.repeat(40)}\nauthor ${author} 1 +0000\n\n${message}`))
  const long = commit('Ada <a@b>', `one${'\n'.repeat(many)}two`)
  expect(long.author).toEqual({ name: 'Ada', email: 'a@b' })
  expect(long.message.length).toBeLessThanOrEqual(maxMessageChars)
  expect(long.message).toBe('one')
  expect(commit('<'.repeat(many), 'one\n\n').message).toBe('')
  expect(commit('Ada <a@b>', 'one\n\n').message).toBe('one')
})

test.each(['<!--', '![', '[', '<', '```\n~~~\n', '=\n', '-\n \n'])('a README of %j alone', (piece) => {
  expect((describeReadme(piece.repeat(many)) ?? '').length).toBeLessThanOrEqual(280)
})

test('a package.json that is nested a hundred thousand deep is said to be', () => {
  const files = new Set(['package.json'])
  expect(() => packageOf(files, () => `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toThrow(
    'package.json: it is nested deeper than 100 levels',
  )
})

test('a log line of JSON that is nested deeper than anyone reads is kept as text, others are read', () => {
  const deep = (depth: number) => `{"msg":"hello","a":${'['.repeat(depth)}${']'.repeat(depth)}}`
  expect(parseJsonLine(deep(30_000))).toBeUndefined()
  expect(parseJsonLine(`{"msg":"x","a":[${'0,'.repeat(20_000)}0]}`)).toBeUndefined()
  expect(parseJsonLine(deep(30))?.text).toBe('hello')
})
