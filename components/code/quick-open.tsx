'use client'
import { Command } from 'cmdk'
import { Dialog as Radix } from 'radix-ui'
import { useState } from 'react'
import { FileIcon } from './file-icon.tsx'
import { useIde, useTree } from './ide.ts'
import { nameOf, parentOf } from './tree-rows.ts'
import { fileTab } from './workspace.ts'

const most = 60

/** Goes to a file by a few of its letters. */
export function QuickOpen({ onDismiss }: { onDismiss: () => void }) {
  const { workspace } = useIde()
  const tree = useTree()
  const [text, setText] = useState('')
  // `file.ts:12` goes to the line.
  const [, wanted = text, line] = /^(.*?):(\d*)$/.exec(text) ?? []
  const recent = workspace.recent()
  const paths = tree.map(({ path }) => path)
  const found = find(
    [...recent.filter((path) => paths.includes(path)), ...paths.filter((path) => !recent.includes(path))],
    wanted,
  )
  return (
    <Radix.Root
      open
      onOpenChange={(open) => {
        if (!open) onDismiss()
      }}
    >
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Radix.Content
          aria-describedby={undefined}
          onCloseAutoFocus={(event) => event.preventDefault()}
          className="fixed top-[12dvh] left-1/2 z-40 w-[min(560px,calc(100vw-24px))] -translate-x-1/2 overflow-hidden rounded border border-border-strong bg-raised shadow-float"
        >
          <Radix.Title className="sr-only">Go to a file</Radix.Title>
          <Command shouldFilter={false} label="Go to a file">
            <Command.Input
              autoFocus
              value={text}
              onValueChange={setText}
              placeholder="Go to a file"
              className="h-11 w-full border-b border-border bg-transparent px-4 text-large outline-none"
            />
            <Command.List className="max-h-[50dvh] overflow-y-auto p-1">
              <Command.Empty className="p-4 text-muted">No file has this name.</Command.Empty>
              {found.map((path) => (
                <Command.Item
                  key={path}
                  value={path}
                  onSelect={() => {
                    onDismiss()
                    workspace.open(fileTab(path), line ? { at: { line: Number(line) } } : {})
                  }}
                  className="flex h-8 cursor-default items-center gap-2 rounded-[4px] px-3 data-[selected=true]:bg-hover"
                >
                  <FileIcon name={path} />
                  <span>{nameOf(path)}</span>
                  <span className="min-w-0 truncate text-small text-muted">{parentOf(path)}</span>
                  {recent.includes(path) && wanted === '' && (
                    <span className="ml-auto text-tiny text-muted">recent</span>
                  )}
                </Command.Item>
              ))}
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** Letters in order; those in the file's own name, and close together, first. */
function find(paths: readonly string[], text: string): string[] {
  const wanted = text.toLowerCase().replaceAll(' ', '')
  if (wanted === '') return paths.slice(0, most)
  return paths
    .map((path) => ({ path, score: scoreOf(path.toLowerCase(), wanted) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.path.length - b.path.length)
    .slice(0, most)
    .map(({ path }) => path)
}

function scoreOf(path: string, wanted: string): number {
  const name = nameOf(path)
  if (name.startsWith(wanted)) return 4
  if (name.includes(wanted)) return 3
  if (path.includes(wanted)) return 2
  let at = 0
  for (const letter of path) if (letter === wanted[at]) at += 1
  return at === wanted.length ? 1 : 0
}
