/**
 * The process beside each terminal. It holds the pty, so that node-pty's leaked descriptor reaches nothing else, and
 * moves bytes: 0 → pty → 1, each side held up when the other is slow. Requests and the exit code go over 3.
 */
import { randomBytes } from 'node:crypto'
import { rmSync, write, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import * as pty from '@lydell/node-pty'

export interface PtyRequest {
  line: string[]
  cwd: string
  /** Text for the shell that takes the environment. */
  env: string
  seccompFile: string | undefined
  cols: number
  rows: number
}

const control = new Socket({ fd: 3 })
const lines = createInterface({ input: control })
let terminal: (pty.IPty & { fd: number }) | undefined

lines.on('line', (line) => {
  const message = JSON.parse(line) as PtyRequest | { resize: { cols: number; rows: number } }
  if (!('resize' in message)) start(message)
  else if (terminal) {
    try {
      terminal.resize(clamp(message.resize.cols), clamp(message.resize.rows))
    } catch {
      // it has just ended
    }
  }
})

const clamp = (size: number) => Math.max(1, Math.min(1000, Math.floor(size) || 1))

/** node-pty passes no descriptors on, so the shell opens them: the environment by way of memory, for an instant. */
function start(request: PtyRequest): void {
  const environment = `/dev/shm/m3o-${randomBytes(16).toString('hex')}`
  writeFileSync(environment, request.env, { mode: 0o600, flag: 'wx' })
  const open = 'exec 5<"$1"; rm -f "$1"; shift; if [ "$1" ]; then exec 4<"$1"; fi; shift; exec "$@"'
  terminal = pty.spawn('/bin/sh', ['-c', open, 'm3o', environment, request.seccompFile ?? '', ...request.line], {
    name: 'xterm-256color',
    cols: clamp(request.cols),
    rows: clamp(request.rows),
    cwd: request.cwd,
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', TERM: 'xterm-256color' },
    encoding: null,
  }) as pty.IPty & { fd: number }

  const output = process.stdout
  const current = terminal
  // Typed before script(1) has the pty in hand, a line would be echoed twice.
  const begun = new Promise<void>((resolve) => {
    current.onData(() => resolve())
    setTimeout(resolve, 2000).unref()
  })
  current.onData((data) => {
    if (output.write(data)) return
    current.pause()
    output.once('drain', () => current.resume())
  })
  current.onExit(({ exitCode, signal }) => {
    rmSync(environment, { force: true })
    const code = signal ? 128 + signal : exitCode
    output.end(() => control.end(`${JSON.stringify({ exitCode: code })}\n`, () => process.exit(0)))
  })
  void begun.then(() => feed(current))
}

/** Past node-pty's own queue, which takes everything: a program that does not read would let it grow without end. */
async function feed(current: pty.IPty & { fd: number }): Promise<void> {
  for await (const chunk of process.stdin) {
    let rest = chunk as Buffer
    while (rest.length > 0) {
      const written = await tryWrite(current.fd, rest)
      if (written < 0) return
      rest = rest.subarray(written)
      if (written === 0) await pause(5)
    }
  }
  current.kill('SIGHUP') // the runtime has let go, or died
  setTimeout(() => process.exit(0), 1000).unref()
}

/** 0 when the terminal is full, -1 when it is closed. */
function tryWrite(fd: number, data: Buffer): Promise<number> {
  return new Promise((resolve) => {
    write(fd, data, (error, written) => {
      if (!error) resolve(written)
      else resolve(error.code === 'EAGAIN' ? 0 : -1)
    })
  })
}

process.stdout.on('error', () => terminal?.kill('SIGHUP'))
