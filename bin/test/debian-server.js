import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { run } from '../prepare/run.js'

/**
 * A server of Debian's postgresql on a free port, with a data folder of its own and a password, as somebody else's
 * database would be; undefined where the package is not installed.
 * @returns {Promise<{ url: string, stop: () => Promise<void> } | undefined>}
 */
export async function debianServer() {
  const bin = newest()
  if (bin === undefined) return undefined
  const account = accountToBe()
  const folder = mkdtempSync(join(tmpdir(), 'm3o-debian-postgres-'))
  const password = randomBytes(16).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  if (account !== undefined) for (const path of [folder, passwordFile]) chownSync(path, account.uid, account.gid)
  const as = (file, args) =>
    account === undefined
      ? [file, args]
      : ['setpriv', [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', '--', file, ...args]]

  const data = join(folder, 'data')
  const made = await run(
    ...as(join(bin, 'initdb'), [
      '-D',
      data,
      '-U',
      'm3o',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--no-sync',
    ]),
    { withinMs: 60_000 },
  )
  if (made.code !== 0) throw new Error(`initdb failed: ${made.output}`)
  const port = await freePort()
  const [file, args] = as(join(bin, 'postgres'), [
    '-D',
    data,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `port=${port}`,
    '-c',
    `unix_socket_directories=${folder}`,
    '-c',
    'fsync=off',
  ])
  const server = spawn(file, args, { stdio: 'ignore', cwd: '/' })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  const stop = async () => {
    server.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', () => server.kill('SIGQUIT'))
  while (!isReady(data)) {
    if (server.exitCode !== null) throw new Error("Debian's Postgres did not start")
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { url: `postgres://m3o:${password}@127.0.0.1:${port}/postgres`, stop }
}

function newest() {
  try {
    const versions = readdirSync('/usr/lib/postgresql').filter((version) =>
      existsSync(`/usr/lib/postgresql/${version}/bin/postgres`),
    )
    const version = versions.sort((a, b) => Number(b) - Number(a))[0]
    return version === undefined ? undefined : `/usr/lib/postgresql/${version}/bin`
  } catch {
    return undefined
  }
}

/** Postgres refuses to be root; Debian's package brings an account. */
function accountToBe() {
  if (userInfo().uid !== 0) return undefined
  const [, , uid, gid] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith('postgres:'))
      ?.split(':') ?? []
  return { uid: Number(uid ?? 1), gid: Number(gid ?? 1) }
}

function isReady(data) {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[7]?.trim() === 'ready'
  } catch {
    return false
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
