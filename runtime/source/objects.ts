import { maxCommitBytes, maxMessageChars, withoutTrailing } from '#contract/bounds.ts'
import { createHash } from 'node:crypto'
import type { Person } from './naming.ts'

/** Git's objects as bytes and back (gitformat: Documentation/technical, "Git Internals - Git Objects"). */
export type Oid = string
export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag'
export type Mode = '40000' | '100644' | '100755' | '120000' | '160000'

export interface TreeEntry {
  mode: Mode
  oid: Oid
}
/** Names are binary strings, see path.ts. */
export type Tree = ReadonlyMap<string, TreeEntry>

export interface Commit {
  tree: Oid
  parents: Oid[]
  author: Person
  /** Seconds since 1970. */
  time: number
  message: string
}

export const emptyTree: Oid = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

export function objectHeader(type: ObjectType, size: number): Buffer {
  return Buffer.from(`${type} ${size}\0`, 'latin1')
}

export function hashObject(type: ObjectType, body: Uint8Array): Oid {
  return createHash('sha1').update(objectHeader(type, body.length)).update(body).digest('hex')
}

export function sortTree(tree: Tree): Tree {
  return new Map([...tree].sort(([a, x], [b, y]) => (sortKey(a, x) < sortKey(b, y) ? -1 : 1)))
}

/** Of a tree in git's order. */
export function encodeTree(sorted: Tree): Buffer {
  return Buffer.concat(
    [...sorted].flatMap(([name, entry]) => [
      Buffer.from(`${entry.mode} ${name}\0`, 'latin1'),
      Buffer.from(entry.oid, 'hex'),
    ]),
  )
}

/** Git compares a folder's name as if it ended in a slash. */
function sortKey(name: string, entry: TreeEntry): string {
  return entry.mode === '40000' ? `${name}/` : name
}

export function decodeTree(body: Buffer): Tree {
  const tree = new Map<string, TreeEntry>()
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at)
    const nul = body.indexOf(0, space)
    if (space < 0 || nul < 0) throw new Error('a tree object is malformed')
    const mode = plainMode(body.toString('latin1', at, space))
    tree.set(body.toString('latin1', space + 1, nul), { mode, oid: body.toString('hex', nul + 1, nul + 21) })
    at = nul + 21
  }
  return tree
}

/** Old tools wrote 100664 and padded zeros; git itself reads them so. */
function plainMode(text: string): Mode {
  const mode = Number.parseInt(text, 8)
  if ((mode & 0o170000) === 0o040000) return '40000'
  if ((mode & 0o170000) === 0o120000) return '120000'
  if ((mode & 0o170000) === 0o160000) return '160000'
  return (mode & 0o100) === 0 ? '100644' : '100755'
}

export function encodeCommit(commit: Commit): Buffer {
  const who = `${identity(commit.author)} ${Math.floor(commit.time)} +0000`
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${who}`,
    `committer ${who}`,
  ]
  return Buffer.from(`${lines.join('\n')}\n\n${cleanMessage(commit.message)}\n`, 'utf8')
}

export function decodeCommit(body: Buffer): Commit {
  const text = body.toString('utf8', 0, maxCommitBytes)
  const end = text.indexOf('\n\n')
  const commit: Commit = {
    tree: '',
    parents: [],
    author: { name: '', email: '' },
    time: 0,
    message: end < 0 ? '' : withoutTrailing(text.slice(end + 2, end + 2 + maxMessageChars), '\n'),
  }
  for (const line of text.slice(0, end < 0 ? undefined : end).split('\n')) {
    if (line.startsWith('tree ')) commit.tree = line.slice(5)
    else if (line.startsWith('parent ')) commit.parents.push(line.slice(7))
    else if (line.startsWith('author ')) {
      const found = /^author (.*?) ?<([^>]*)> (-?\d+)/.exec(line.slice(0, 1_000))
      if (found) {
        commit.author = { name: found[1] ?? '', email: found[2] ?? '' }
        commit.time = Number(found[3])
      }
    }
  }
  return commit
}

/** What would end the field or the line early has no place in a name (git's ident.c strips the same). */
function identity(person: Person): string {
  const clean = (text: string) =>
    text
      .toWellFormed()
      .replace(/[\0-\x1f\x7f<>]/g, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 200)
  const email = clean(person.email).replaceAll(' ', '')
  return `${clean(person.name) || email || 'unknown'} <${email}>`
}

function cleanMessage(message: string): string {
  return (
    message
      .toWellFormed()
      .replaceAll('\0', '')
      .replaceAll('\r\n', '\n')
      .trim()
      .slice(0, 64 << 10) || 'No message'
  )
}
