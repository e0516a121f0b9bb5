import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, closeSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { syncFolder, writeDurably } from '../durable-file.ts'
import { lastLines, openLog } from '../log-file.ts'
import { Problem } from '../problem.ts'
import { type Confinement, postgresEnvironment } from './confinement.ts'
import { accountId, type PostgresFolders } from './folders.ts'

const major = '18'

/**
 * Makes the data folder when there is none. Made under another name, synced, then renamed: a machine that dies in the
 * middle leaves nothing that looks like a data folder (3 of 20 kills in the middle of initdb left one that never starts).
 */
export async function initialise(folders: PostgresFolders, confinement: Confinement): Promise<void> {
  removeUnfinished(folders.base)
  if (existsSync(folders.data)) return checkVersion(folders.data)

  const name = `new-${randomBytes(6).toString('hex')}`
  const [file = '', ...args] = confinement.commandLine('initdb', [
    '--pgdata',
    join(confinement.base, name),
    '--username',
    'm3o',
    '--encoding',
    'UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--auth',
    'reject',
    '--data-checksums',
    '--set',
    'io_method=sync',
  ])
  await run(file, args, confinement, folders.log)
  const made = join(folders.base, name)
  write(confinement, join(made, 'pg_hba.conf'), 'local all m3o peer map=m3o\n')
  write(confinement, join(made, 'pg_ident.conf'), confinement.clients.map((client) => `m3o "${client}" m3o\n`).join(''))
  syncFolder(made)
  renameSync(made, folders.data)
  syncFolder(folders.base)
}

/** Who may connect is who runs the platform, by the kernel's word (peer); it may be run in another way than last time. */
export function admitClients(folders: PostgresFolders, confinement: Confinement): void {
  const path = join(folders.data, 'pg_ident.conf')
  const wanted = confinement.clients.map((client) => `m3o "${client}" m3o\n`).join('')
  if (readFileSync(path, 'utf8') !== wanted) write(confinement, path, wanted)
}

function write(confinement: Confinement, path: string, text: string): void {
  writeDurably(path, text)
  if (confinement.kind === 'user') chownSync(path, accountId, accountId)
}

function removeUnfinished(base: string): void {
  for (const name of readdirSync(base)) {
    if (name.startsWith('new-')) rmSync(join(base, name), { recursive: true, force: true, maxRetries: 3 })
  }
}

function checkVersion(data: string): void {
  const version = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (version === major) return
  throw new Problem(
    `${data} was created by Postgres ${version}, and this is ${major}: back it up with the M3O release that created it, and restore it with this one`,
  )
}

async function run(file: string, args: string[], confinement: Confinement, logPath: string): Promise<void> {
  const log = openLog(logPath)
  try {
    const child = spawn(file, args, {
      env: postgresEnvironment(confinement),
      stdio: ['ignore', log, log],
      detached: true,
    })
    const code = await new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('exit', resolve),
    )
    if (code !== 0)
      throw new Problem(`cannot create Postgres's data folder: ${lastLines(logPath, 1).join('')} (see ${logPath})`)
  } finally {
    closeSync(log)
  }
}
