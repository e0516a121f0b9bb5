import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from './durable-file.ts'

/** `$M3O_HOME/run/ready`: since when all of the platform answers (epoch ms), and the console's URL; absent until then. */
const pathOf = (home: string): string => join(home, 'run/ready')

export function writeReady(home: string, url: string): void {
  writeDurably(pathOf(home), `${Date.now()}\n${url}\n`)
}

export function removeReady(home: string): void {
  rmSync(pathOf(home), { force: true })
}

export function readReady(home: string): { at: number; url: string } | undefined {
  try {
    const [at, url = ''] = readFileSync(pathOf(home), 'utf8').split('\n')
    return { at: Number(at), url }
  } catch {
    return undefined
  }
}
