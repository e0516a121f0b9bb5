'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useSearchParams } from 'next/navigation'
import { useEffect } from 'react'
import { useTRPC, useTRPCClient } from '#client/trpc.ts'
import { useViewer } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'
import { draftName } from './draft.ts'
import { askEarly } from './early-file.ts'
import { EditorSkeleton } from './editor-skeleton.tsx'
import { fileInFront } from './first-file.ts'
import { loadEditor } from './load-editor.ts'
import { Workspace } from './workspace.ts'

// Begun with this module, not with the first drawing: the editor is most of what one waits for.
if (typeof window !== 'undefined') void loadEditor().catch(() => {})

const IdeView = dynamic(() => loadEditor().then((module) => module.IdeView), {
  ssr: false,
  loading: () => <EditorSkeleton />,
})

/** The editor, whose weight comes when it is first opened; the file that it will show comes at the same time. */
export function CodeTab() {
  const at = useService()
  const client = useTRPCClient()
  const { person } = useViewer()
  const named = useSearchParams().get('path')
  const { data: tree } = useSuspenseQuery(useTRPC().source.tree.queryOptions({ ...at, ref: { draft: true } }))
  const name = draftName(person.id, at)
  useEffect(() => {
    const path = fileInFront({
      named,
      layout: new Workspace(name, { narrow: false }).get(),
      paths: tree.map((entry) => entry.path),
    })
    if (path !== undefined)
      askEarly(`${name} ${path}`, () => client.source.read.query({ ...at, ref: { draft: true }, path }))
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once for each draft
  }, [name])
  return <IdeView />
}
