import { pathOfTab, type Workspace } from './workspace.ts'

const beginnings = [
  'index.ts',
  'src/index.ts',
  'server.js',
  'index.js',
  'main.py',
  'main.go',
  'src/main.rs',
  'README.md',
]

/** What a service begins with. */
export const firstFile = (paths: readonly string[]): string | undefined =>
  beginnings.find((each) => paths.includes(each)) ?? paths[0]

/** The file that the editor will have in front when it opens: what the address names, what was in front, what the service begins with. */
export function fileInFront({
  named,
  layout,
  paths,
}: {
  named: string | null
  layout: ReturnType<Workspace['get']>
  paths: readonly string[]
}): string | undefined {
  if (named !== null) return named
  if (layout.tabs.length === 0) return firstFile(paths)
  return layout.active?.startsWith('file:') ? pathOfTab(layout.active) : undefined
}
