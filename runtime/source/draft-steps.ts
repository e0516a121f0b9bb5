import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { draftSteps, type DraftStepKind } from '#contract/source.ts'
import type { Repository } from './naming.ts'
import type { Oid } from './objects.ts'

/**
 * The steps of a draft, so that each can be undone for a day. They are lines of git's own reflog of the draft's ref
 * (https://git-scm.com/docs/git-reflog): git keeps whatever a reflog names, so that nothing else has to. The line's message
 * is JSON that says what was done and what the draft was like before.
 */
export interface Step {
  kind: DraftStepKind
  path: string | null
  from: string | null
}

const kept = z.object({
  id: z.string(),
  kind: z.enum(draftSteps),
  path: z.string().nullable(),
  from: z.string().nullable(),
  /** The draft before the step. */
  tree: z.string().regex(/^[0-9a-f]{40}$/),
  base: z.string().regex(/^[0-9a-f]{40}$/),
})
export type KeptStep = z.infer<typeof kept> & { time: number }

const keptSeconds = 24 * 60 * 60
const mostListed = 200
const trimBytes = 512 * 1024
const nobody = '0'.repeat(40)

/** What is typed in one file is one step a minute; files that are saved for a step begun with `mark` belong to it. */
const typedMs = 60_000
const markedMs = 5_000
const mostRemembered = 2_000

interface Last {
  id: string
  kind: DraftStepKind
  path: string | null
  marked: boolean
  since: number
  at: number
}
const lasts = new Map<string, Last>()

/** The id of the step, and the line that keeps it; no line where it belongs to the step before. */
export function beginStep(
  repository: Repository,
  ref: string,
  step: Step & { marked?: boolean },
  before: { commit: Oid | null; tree: Oid; base: Oid; next: Oid },
): { id: string; line: string | undefined } {
  const name = `${repository.dir} ${ref}`
  const last = lasts.get(name)
  const now = Date.now()
  if (last !== undefined && joins(last, step, now)) {
    last.at = now
    return { id: last.id, line: undefined }
  }
  const id = randomBytes(9).toString('hex')
  if (lasts.size >= mostRemembered) lasts.clear()
  lasts.set(name, { id, kind: step.kind, path: step.path, marked: step.marked === true, since: now, at: now })
  const message = JSON.stringify({
    id,
    kind: step.kind,
    path: step.path,
    from: step.from,
    tree: before.tree,
    base: before.base,
  })
  return {
    id,
    line: `${before.commit ?? nobody} ${before.next} draft <> ${Math.floor(now / 1000)} +0000\t${message}\n`,
  }
}

/** The next save is a step of its own. */
export function endStep(repository: Repository, ref: string): void {
  lasts.delete(`${repository.dir} ${ref}`)
}

function joins(last: Last, step: Step & { marked?: boolean }, now: number): boolean {
  if (step.marked === true) return false
  if (last.marked) return (step.kind === 'save' || step.kind === 'upload') && now - last.at < markedMs
  return step.kind === 'save' && last.kind === 'save' && last.path === step.path && now - last.since < typedMs
}

/** Must run while the ref's lock is held, as git does it. */
export function appendLog(repository: Repository, ref: string, line: string): void {
  const file = logOf(repository, ref)
  try {
    fs.appendFileSync(file, line)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.appendFileSync(file, line)
  }
  if (fs.statSync(file).size > trimBytes) trim(file)
}

/** Newest first, of the last day. */
export function listSteps(repository: Repository, ref: string): KeptStep[] {
  const since = Date.now() / 1000 - keptSeconds
  return readLines(logOf(repository, ref))
    .flatMap((line) => stepOf(line) ?? [])
    .filter(({ time }) => time > since)
    .reverse()
    .slice(0, mostListed)
}

function trim(file: string): void {
  const since = Date.now() / 1000 - keptSeconds
  const lines = readLines(file).filter((line) => (stepOf(line)?.time ?? 0) > since)
  while (lines.length > mostListed) lines.shift()
  fs.writeFileSync(`${file}.new`, lines.map((line) => `${line}\n`).join(''))
  fs.renameSync(`${file}.new`, file)
}

const logOf = (repository: Repository, ref: string) => path.join(repository.dir, 'logs', ref)

function readLines(file: string): string[] {
  try {
    return fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function stepOf(line: string): KeptStep | undefined {
  const [head = '', message = ''] = line.split('\t')
  const time = Number(/ (\d+) \+0000$/.exec(head)?.[1])
  try {
    return { ...kept.parse(JSON.parse(message)), time }
  } catch {
    return undefined // a line of git's own, or one that a power loss cut
  }
}
