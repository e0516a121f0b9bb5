import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '#e2e/platform/processes.ts'
import type { App } from './apps.ts'

/** Another way to get a change into a program that runs. */
export interface Peer extends AsyncDisposable {
  port: number
  change: (answer: string) => Promise<unknown>
}

const checkout = join(import.meta.dirname, '../..')

/** Starts anew when a file changes; what is asked meanwhile fails. */
export async function nodeWatch(app: App): Promise<Peer> {
  const { folder, write, port, env } = await prepare(app)
  const child = spawn(process.execPath, ['--watch', '--watch-preserve-output', 'app.mjs'], {
    cwd: folder,
    env,
    stdio: 'ignore',
  })
  return {
    port,
    change: write,
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await gone
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** `pm2 reload` of a cluster of one: the next worker listens before the one before ends. */
export async function pm2(app: App): Promise<Peer> {
  const { folder, write, port, env } = await prepare(app)
  const command = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(checkout, 'node_modules/pm2/bin/pm2'), ...args], { env, cwd: folder })
  await command('start', 'app.mjs', '-i', '1')
  return {
    port,
    async change(answer) {
      await write(answer)
      await command('reload', 'app')
    },
    async [Symbol.asyncDispose]() {
      await command('kill').catch(() => {})
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

async function prepare({ plain }: App) {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-peer-'))
  const port = await freePort()
  const write = (answer: string) => writeFile(join(folder, 'app.mjs'), plain(answer))
  await mkdir(join(folder, 'pm2'))
  await symlink(join(checkout, 'node_modules'), join(folder, 'node_modules'))
  await write('first')
  return {
    folder,
    write,
    port,
    env: {
      ...process.env,
      PM2_HOME: join(folder, 'pm2'),
      PORT: String(port),
      NODE_ENV: 'production',
    } as NodeJS.ProcessEnv,
  }
}
