import type { SourceFile } from '#contract/source.ts'

/** The file in front is asked for while the editor itself is still on its way; whoever reads it first gets this answer. */
let early: { key: string; at: number; file: Promise<SourceFile> } | undefined

const freshMs = 10_000

export function askEarly(key: string, read: () => Promise<SourceFile>): void {
  if (early?.key === key && Date.now() - early.at < freshMs) return
  const file = read()
  file.catch(() => {})
  early = { key, at: Date.now(), file }
}

export function takeEarly(key: string): Promise<SourceFile> | undefined {
  const found = early
  if (found?.key !== key) return undefined
  early = undefined
  return Date.now() - found.at < freshMs ? found.file : undefined
}
