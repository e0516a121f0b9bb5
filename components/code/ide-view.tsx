'use client'
import { clsx } from 'clsx'
import { FileDiff, Files, History, PanelBottom, Rocket, Search } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useEffect, useMemo, useState } from 'react'
import type { OfService } from '#client/paths.ts'
import { useTRPCClient } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useEnvironment } from '#components/frame/environment.ts'
import { useMay, useViewer } from '#components/frame/may.ts'
import { inEnvironment } from '#components/frame/production.ts'
import { useService } from '#components/frame/service.ts'
import { TerminalTab } from '#components/terminal/terminal-tab.tsx'
import { Button, IconButton } from '#components/ui/button.tsx'
import { BottomPanel, type PanelTab } from './bottom-panel.tsx'
import { ChangesSide } from './changes-side.tsx'
import { useDeploy } from './deploy.ts'
import { DeployWarning } from './deploy-warning.tsx'
import { DeploymentPanel } from './deployment-panel.tsx'
import { draftName, draftOf } from './draft.ts'
import { Documents } from './documents.ts'
import { EditorArea } from './editor-area.tsx'
import { useFirstFile, useFollowing } from './following.ts'
import { FileTree } from './file-tree.tsx'
import { HistorySide } from './history-side.tsx'
import { type Ide, IdeContext, useChanges, useIde, useTree } from './ide.ts'
import { LanguageClient } from './language/client.ts'
import { registerProviders } from './language/providers.ts'
import { useProblems } from './markers.ts'
import { monaco, pathOf, prepareMonaco } from './monaco.ts'
import { MovedBar } from './moved-bar.tsx'
import { WentBackBar } from './went-back-bar.tsx'
import { PanelBoundary } from './panel-boundary.tsx'
import { PeopleContext, useOthers } from './people.ts'
import { ProblemsPanel } from './problems-panel.tsx'
import { SearchSide } from './search-side.tsx'
import { Splitter } from './splitter.tsx'
import { StatusBar } from './status-bar.tsx'
import { TabBar } from './tab-bar.tsx'
import { fileTab, libraryTab, pathOfTab, type Side, sides, type TabKey, useLayout, Workspace } from './workspace.ts'

const QuickOpen = dynamic(() => import('./quick-open.tsx').then((module) => module.QuickOpen), { ssr: false })

const LogView = dynamic(() => import('#components/logs/log-view.tsx').then((module) => module.LogView), { ssr: false })

const sideLooks: Record<Side, { label: string; icon: React.ReactNode; keys: string }> = {
  files: { label: 'Files', icon: <Files />, keys: 'mod+shift+e' },
  search: { label: 'Search in files', icon: <Search />, keys: 'mod+shift+f' },
  changes: { label: 'Changes', icon: <FileDiff />, keys: 'mod+shift+g' },
  history: { label: 'History', icon: <History />, keys: 'mod+shift+y' },
}

/** The editor of one's draft of a service. Load it lazily: it brings Monaco. */
export function IdeView() {
  const at = useService()
  const { person } = useViewer()
  // Another service or environment is another draft: everything begins anew.
  const name = draftName(person.id, at)
  return <Opened key={name} at={at} name={name} />
}

function Opened({ at, name }: { at: OfService; name: string }) {
  const client = useTRPCClient()
  const may = useMay()
  const readOnly = may('source.write')
  const [parts, setParts] = useState<Omit<Ide, 'readOnly'> | null>(null)
  useEffect(() => {
    prepareMonaco()
    const draft = draftOf(client, at)
    const documents = new Documents(draft, name)
    const workspace = new Workspace(name, { narrow: matchMedia('(max-width: 767px)').matches })
    const language = new LanguageClient(at, documents)
    const unregister = registerProviders(language, documents)
    // Going to a definition in another file is opening a tab.
    const opener = monaco.editor.registerEditorOpener({
      openCodeEditor: (_source, resource, place) => {
        const path = pathOf(resource)
        const line =
          place === undefined
            ? undefined
            : 'startLineNumber' in place
              ? { line: place.startLineNumber, column: place.startColumn }
              : { line: place.lineNumber, column: place.column }
        workspace.open(path === undefined ? libraryTab(resource.toString()) : fileTab(path), {
          ...(line && { at: line }),
          preview: true,
        })
        return true
      },
    })
    documents.restore()
    setParts({ at, draft, documents, workspace, language })
    return () => {
      opener.dispose()
      unregister()
      language.close()
      documents.nudge()
      documents.close()
      for (const model of monaco.editor.getModels()) model.dispose()
    }
    // `name` says all of `at`; the client lives as long as the page.
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `name` stands for `at`; the client stays the same
  }, [name])
  const ide = useMemo(() => (parts === null ? null : { ...parts, readOnly }), [parts, readOnly])
  return ide === null ? null : (
    <IdeContext value={ide}>
      <Editor />
    </IdeContext>
  )
}

function Editor() {
  const ide = useIde()
  const { at, documents, workspace } = ide
  const { person } = useViewer()
  const layout = useLayout(workspace)
  const tree = useTree()
  const { changes } = useChanges()
  const problems = useProblems(ide)
  const deploying = useDeploy()
  const environment = useEnvironment()
  const mayDeploy = useMay()('service.deploy')
  const [quick, setQuick] = useState(false)
  const [warned, setWarned] = useState(false)
  const [shells, setShells] = useState(0)
  const [cursor, setCursor] = useState<{ lineNumber: number; column: number } | null>(null)
  const path = layout.active === null ? undefined : pathOfTab(layout.active)
  const people = useOthers(ide, {
    me: person.id,
    path: path ?? null,
    editing: path !== undefined && changes.some((one) => one.path === path),
  })
  useFirstFile(tree)
  useFollowing(ide, tree)

  const save = () => documents.nudge()
  const closeTab = (key: TabKey) => {
    const closed = key.startsWith('file:') ? pathOfTab(key) : undefined
    workspace.close(key)
    if (closed === undefined) return
    documents
      .get(closed)
      ?.saver.flush()
      .then(
        () => documents.release(closed),
        () => {},
      )
  }
  const hideDrawer = () => {
    if (matchMedia('(max-width: 767px)').matches) workspace.set({ sideOpen: false })
  }
  const words = environment === undefined ? 'Deploy' : inEnvironment('Deploy', environment, 'to')
  const errors = problems.filter(({ severity }) => severity === 'error')
  /** Errors are told before; the same key again, or the button, goes on. */
  const deploy = () => {
    if (deploying.busy) return
    if (errors.length > 0 && !warned) return setWarned(true)
    setWarned(false)
    deploying.start()
  }
  const togglePanel = () => workspace.set({ panelOpen: !layout.panelOpen })
  const showTerminal = () => {
    workspace.showPanel('terminal')
    setShells((before) => before + 1)
  }
  useActions([
    { id: 'code.deploy', title: words, keys: 'mod+shift+enter', words: 'ship release', reason: mayDeploy, run: deploy },
    { id: 'code.open', title: 'Go to a file', keys: 'mod+p', run: () => setQuick(true) },
    { id: 'code.save', title: 'Save now', keys: 'mod+s', reason: ide.readOnly, run: save },
    {
      id: 'code.draft-history',
      title: 'Draft history',
      words: 'undo restore',
      reason: ide.readOnly,
      run: () => workspace.showDraftHistory(),
    },
    { id: 'code.panel', title: 'Show or hide the panel', keys: 'mod+j', run: togglePanel },
    {
      id: 'code.terminal',
      title: 'Terminal',
      keys: 'mod+`',
      run: () => (layout.panelOpen && layout.panel === 'terminal' ? togglePanel() : showTerminal()),
    },
    { id: 'code.logs', title: 'Logs in the panel', run: () => workspace.showPanel('logs') },
    { id: 'code.problems', title: 'Problems', keys: 'mod+shift+m', run: () => workspace.showPanel('problems') },
    ...sides.map((side) => ({
      id: `code.${side}`,
      title: sideLooks[side].label,
      keys: sideLooks[side].keys,
      run: () => workspace.showSide(side),
    })),
    {
      id: 'code.reopen',
      title: 'Reopen the closed file',
      reason: workspace.canReopen ? null : 'No closed file',
      run: () => workspace.reopen(),
    },
    {
      id: 'code.close',
      title: 'Close the file',
      keys: 'mod+shift+x',
      reason: layout.active === null ? 'No open files' : null,
      run: () => {
        if (layout.active !== null) closeTab(layout.active)
      },
    },
  ])

  const tabs: PanelTab[] = [
    {
      name: 'problems',
      label: 'Problems',
      mark: errors.length > 0 && (
        <span className="tabular rounded-full bg-bad-soft px-1.5 text-tiny text-bad">{errors.length}</span>
      ),
      content: <ProblemsPanel problems={problems} />,
    },
    { name: 'deployment', label: 'Deployment', content: <DeploymentPanel deploying={deploying} /> },
    { name: 'logs', label: 'Logs', content: <LogView {...at} shape="panel" /> },
    { name: 'terminal', label: 'Terminal', content: <TerminalTab at={at} asked={shells} /> },
  ]
  const sideViews: Record<Side, React.ReactNode> = {
    files: <FileTree onOpened={hideDrawer} />,
    search: <SearchSide onOpened={hideDrawer} />,
    changes: <ChangesSide onOpened={hideDrawer} />,
    history: <HistorySide onOpened={hideDrawer} />,
  }
  return (
    <PeopleContext value={people}>
      <div className="flex h-full min-h-0 flex-col">
        <div className="relative flex min-h-0 grow">
          <nav
            aria-label="Views"
            className="flex w-10 shrink-0 flex-col items-center gap-1 border-r border-border bg-sunken py-1.5"
          >
            {sides.map((side) => (
              <span
                key={side}
                className={clsx('relative rounded', layout.sideOpen && layout.side === side && 'bg-chosen')}
              >
                <IconButton
                  label={sideLooks[side].label}
                  keys={sideLooks[side].keys}
                  aria-pressed={layout.sideOpen && layout.side === side}
                  onClick={() => workspace.showSide(side)}
                >
                  {sideLooks[side].icon}
                </IconButton>
                {side === 'changes' && changes.length > 0 && (
                  <span
                    aria-hidden
                    className="tabular pointer-events-none absolute -top-0.5 -right-0.5 min-w-3.5 rounded-full bg-action px-0.5 text-center text-[9px] leading-3.5 text-on-action"
                  >
                    {changes.length > 99 ? '99' : changes.length}
                  </span>
                )}
              </span>
            ))}
            <span className="grow" />
            <IconButton
              label={layout.panelOpen ? 'Hide the panel' : 'Show the panel'}
              keys="mod+j"
              aria-pressed={layout.panelOpen}
              onClick={togglePanel}
            >
              <PanelBottom />
            </IconButton>
          </nav>
          {layout.sideOpen && (
            <>
              <button
                type="button"
                aria-label="Close the view"
                className="absolute inset-0 left-10 z-20 bg-veil md:hidden"
                onClick={() => workspace.set({ sideOpen: false })}
              />
              <aside
                aria-label={sideLooks[layout.side].label}
                className="absolute inset-y-0 left-10 z-20 flex w-[min(288px,calc(100vw-64px))] shrink-0 flex-col border-r border-border bg-surface md:relative md:left-0 md:w-[var(--side)]"
                style={{ '--side': `${layout.sideWidth}px` } as React.CSSProperties}
              >
                <PanelBoundary key={layout.side}>{sideViews[layout.side]}</PanelBoundary>
                <Splitter
                  label="Width of the view"
                  axis="x"
                  value={layout.sideWidth}
                  least={160}
                  most={560}
                  onChange={(width) => workspace.set({ sideWidth: width })}
                />
              </aside>
            </>
          )}
          <div className="flex min-w-0 flex-1 basis-0 flex-col">
            <div className="flex min-h-[34px] shrink-0 items-stretch border-b border-border bg-sunken">
              <div className="min-w-0 grow [&>*]:border-b-0">
                <TabBar onClose={closeTab} />
              </div>
              <div className="flex shrink-0 items-center px-1.5">
                <Button
                  kind="primary"
                  size="small"
                  keys="mod+shift+enter"
                  busy={deploying.busy}
                  reason={mayDeploy}
                  onClick={deploy}
                >
                  {!deploying.busy && <Rocket />}
                  {words}
                </Button>
              </div>
            </div>
            <WentBackBar />
            <MovedBar />
            <div
              id="editor-area"
              role="tabpanel"
              aria-label={path ?? 'Editor'}
              data-own-keys
              className="flex min-h-0 grow flex-col bg-surface"
            >
              <EditorArea tab={layout.active} onCursor={setCursor} />
            </div>
            <BottomPanel tabs={tabs} />
          </div>
        </div>
        <StatusBar
          problems={problems}
          cursor={layout.active?.startsWith('file:') ? cursor : null}
          onProblems={() => workspace.showPanel('problems')}
        />
      </div>
      {warned && (
        <DeployWarning
          problems={errors}
          action={`${words} anyway`}
          onDeploy={deploy}
          onShow={() => {
            setWarned(false)
            workspace.showPanel('problems')
          }}
          onDismiss={() => setWarned(false)}
        />
      )}
      {quick && <QuickOpen onDismiss={() => setQuick(false)} />}
    </PeopleContext>
  )
}
