import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Shell } from '#e2e/stack/command.ts'
import { startStand } from '#server/testing/stand.ts'

/*
 * How long `m3o pull` takes beside git's own clone of the same repository from the same platform, and once more when there
 * is nothing new. Real web, runtime and git; the command as people start it.
 *
 * `node bench/pull.ts [--files 500] [--commits 300] [--times 7]`; reach: a pull within 2 s of the clone, medians.
 */

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '500' },
    commits: { type: 'string', default: '300' },
    times: { type: 'string', default: '7' },
  },
})
const [files, commits, times] = [Number(values.files), Number(values.commits), Number(values.times)]

const stand = await startStand()
const shell = await Shell.anywhere()
try {
  const password = 'a fine password'
  await stand.web.setup.run(stand.setupCode, { email: 'ann@example.com', name: 'Ann', password })
  await shell.json(['login', '--url', stand.settings.url, '--email', 'ann@example.com', '--password-stdin'], {
    input: password,
  })
  const { token } = await shell.json<{ token: string }>(['token', 'create', 'git'])
  const url = `${stand.settings.url.replace('://', `://git:${token}@`)}/git/demo/large.git`
  const production = { team: 'demo', environment: 'production', service: 'large' }
  const owner = await stand.withToken(token)
  await owner.services.create({ team: 'demo', name: 'large', empty: true })
  await owner.variables.set({ ...production, name: 'KEY', value: 'secret', secret: true })
  await fill(join(shell.folder, 'made'), url)

  const ms: Record<'clone' | 'pull' | 'again', number[]> = { clone: [], pull: [], again: [] }
  for (let n = 0; n < times; n++) {
    ms.clone.push(await timed(async () => must(await shell.run('git', ['clone', '-q', url, `clone-${n}`]))))
    ms.pull.push(await timed(() => shell.json(['pull', 'large', `pull-${n}`])))
    ms.again.push(await timed(() => shell.json(['pull', 'large', `pull-${n}`])))
  }
  const [clone, pull, again] = [median(ms.clone), median(ms.pull), median(ms.again)]
  console.log(
    `${files} files, ${commits} commits, median of ${times}: git clone ${clone} ms, m3o pull ${pull} ms (+${pull - clone} ms), again ${again} ms`,
  )
  process.exitCode = pull - clone <= 2_000 ? 0 : 1
} finally {
  await shell[Symbol.asyncDispose]()
  await stand[Symbol.asyncDispose]()
}

/** A history in which each commit writes one file anew. */
async function fill(folder: string, url: string): Promise<void> {
  await mkdir(folder)
  must(await shell.run('git', ['init', '-q', '-b', 'main', folder]))
  const child = spawn('git', ['-C', folder, 'fast-import', '--quiet'], { stdio: ['pipe', 'inherit', 'inherit'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  for (let n = 0; n < commits; n++) {
    child.stdin.write(
      `commit refs/heads/main\ncommitter Ann <ann@example.com> ${1_700_000_000 + n} +0000\ndata 4\nstep\n`,
    )
    for (let file = n === 0 ? 0 : n % files; file < (n === 0 ? files : (n % files) + 1); file++) {
      const text = `${n} ${file}\n`.repeat(50)
      child.stdin.write(`M 644 inline folder-${file % 20}/file-${file}.txt\ndata ${text.length}\n${text}\n`)
    }
  }
  child.stdin.end()
  await ended
  must(await shell.run('git', ['push', '-q', '--force', url, 'main:main'], { cwd: folder }))
}

function must({ code, stderr }: { code: number; stderr: string }): void {
  if (code !== 0) throw new Error(stderr)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return Math.round(performance.now() - began)
}

function median(all: number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN
}
