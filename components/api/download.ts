import type { Outputs } from '#client/trpc.ts'

export type Answer = Outputs['calls']['send']

/** As a file, under a type that no browser runs. */
export function download(answer: Answer, type: string): void {
  const bytes = answer.binary ? Uint8Array.from(atob(answer.body), (character) => character.charCodeAt(0)) : answer.body
  const ending = /^[\w.+-]+\/(?:[\w.-]+\+)?(\w{1,8})/.exec(type)?.[1] ?? 'bin'
  saveFile(new Blob([bytes], { type: 'application/octet-stream' }), `answer.${ending === 'plain' ? 'txt' : ending}`)
}

export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
