import { useQuery } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { subscribe } from '#client/live.ts'
import type { Subscription } from '#client/live-connection.ts'
import { useTRPC } from '#client/trpc.ts'
import type { Presence } from '#contract/live.ts'
import type { Ide } from './ide.ts'

export interface People {
  /** Names of others who look at a file now, or have it changed in a draft of theirs. */
  at(path: string): string[]
  editing(path: string): string[]
  here: string[]
}

const nobody: People = { at: () => [], editing: () => [], here: [] }
export const PeopleContext = createContext<People>(nobody)
export const usePeople = (): People => useContext(PeopleContext)

/** Who else is at this service: by their sockets, and by their drafts. Says where we are. */
export function useOthers(
  { at }: Pick<Ide, 'at'>,
  { me, path, editing }: { me: string; path: string | null; editing: boolean },
): People {
  const { data: drafts } = useQuery(useTRPC().source.drafts.queryOptions(at))
  const [present, setPresent] = useState<Presence[]>([])
  const room = useRef<Subscription>(undefined)
  const where = useRef({ path, editing })
  const { team, environment, service } = at
  useEffect(() => {
    const opened: Subscription = subscribe(
      'presence',
      { team, environment, service },
      {
        onItems: (lists) => setPresent(lists.at(-1) ?? []),
        onOpen: () => {
          opened.say(where.current)
        },
        onInterrupted: () => setPresent([]),
      },
    )
    room.current = opened
    return () => opened.close()
  }, [team, environment, service])
  useEffect(() => {
    where.current = { path, editing }
    room.current?.say({ path, editing })
  }, [path, editing])
  return useMemo(() => {
    const others = present.filter(({ person }) => person.id !== me)
    const drafted = (drafts ?? []).filter(({ person }) => person.id !== me)
    const names = (list: string[]) => [...new Set(list)]
    const editors = (file: string) =>
      names([
        ...others.filter((one) => one.path === file && one.editing).map(({ person }) => shownAs(person)),
        ...drafted.filter(({ paths }) => paths.includes(file)).map(({ person }) => shownAs(person)),
      ])
    return {
      at: (file: string) =>
        names([...others.filter((one) => one.path === file).map(({ person }) => shownAs(person)), ...editors(file)]),
      editing: editors,
      here: names(others.map(({ person }) => shownAs(person))),
    }
  }, [present, drafts, me])
}

const shownAs = ({ name, unconfirmed }: Presence['person']): string => (unconfirmed ? `${name} (not confirmed)` : name)
