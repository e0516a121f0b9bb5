import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const checkout = resolve(fileURLToPath(import.meta.url), '../../..')

export class Failure extends Error {}

const running = new Set()

/** A terminated preparation takes npm, apt and the build with it. */
export function endChildrenWithUs() {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ]) {
    process.on(signal, () => {
      for (const child of running) endGroup(child, 'SIGTERM')
      process.exit(code)
    })
  }
}

/**
 * Runs a program to its end, in a group of its own so that all of it can be ended.
 * @param {string} file
 * @param {string[]} args
 * @param {{ env?: Record<string, string | undefined>, withinMs: number, show?: boolean }} options `show`: passed on as it comes
 * @returns {Promise<{ code: number | null, output: string, late: boolean }>} what it printed, the last 64 KB of it
 */
export function run(file, args, { env = process.env, withinMs, show = false }) {
  return new Promise((resolve) => {
    let output = ''
    let late = false
    const child = spawn(file, args, { cwd: checkout, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    running.add(child)
    const timer = setTimeout(() => {
      late = true
      endGroup(child, 'SIGKILL')
    }, withinMs)
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        if (show) process.stdout.write(data)
        output = (output + data).slice(-65536)
      })
    }
    const done = (code) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ code, output, late })
    }
    child.on('error', (error) => {
      output += error.message
      done(127)
    })
    child.on('close', done)
  })
}

function endGroup(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has ended by itself.
  }
}

export function say(line) {
  process.stdout.write(`${line}\n`)
}

/** The lines that say why, out of what a failing tool printed. */
export function lastOf(output, count = 5) {
  return output.trim().split('\n').slice(-count).join('\n')
}
