import { expect, test } from 'vitest'
import { ownProblems } from './problems.ts'

const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } }
const problem = (code: number, message: string) => ({ range, code, message })
const absent = problem(2307, "Cannot find module 'express' or its corresponding type declarations.")
const deep = problem(7016, "Could not find a declaration file for module '@scope/name/deep'.")
const parameter = problem(7006, "Parameter 'request' implicitly has an 'any' type.")
const wrong = problem(2322, "Type 'string' is not assignable to type 'number'.")

test('a package that is declared and not installed yet is no problem, nor what follows from it', () => {
  expect(ownProblems([absent, deep, parameter, wrong], new Set(['express', '@scope/name']))).toEqual([wrong])
})

test('a package that is not declared is one', () => {
  expect(ownProblems([absent, parameter], new Set(['fastify']))).toEqual([absent, parameter])
})
