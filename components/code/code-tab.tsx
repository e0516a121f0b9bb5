'use client'
import dynamic from 'next/dynamic'
import { EditorSkeleton } from './editor-skeleton.tsx'

/** The editor, whose weight comes when it is first opened. */
export const CodeTab = dynamic(() => import('./ide-view.tsx').then((module) => module.IdeView), { ssr: false, loading: () => <EditorSkeleton /> })
