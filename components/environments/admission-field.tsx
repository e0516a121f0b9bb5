'use client'
import { X } from 'lucide-react'
import { useId } from 'react'
import { type Role, roles } from '#contract/permissions.ts'
import type { Member } from '#contract/records.ts'
import { Select } from '#components/ui/input.tsx'

/** A role and all above it, and people by their emails. */
export interface Admission {
  role: Role
  people: string[]
}

const spokenRoles: Record<Role, string> = {
  viewer: 'Anyone whose role allows it',
  developer: 'Developers and above',
  admin: 'Admins and owners',
  owner: 'Owners only',
}

interface Props {
  label: string
  about: string
  members: readonly Member[]
  disabled: boolean
  value: Admission
  error: string | undefined
  onChange: (value: Admission) => void
}

/** Who may do one thing: the least role, and people who may besides. */
export function AdmissionField({ label, about, members, disabled, value: { role, people }, error, onChange }: Props) {
  const id = useId()
  const named = (email: string) => members.find(({ person }) => person.email === email)?.person.name ?? email
  const others = members.filter(
    (member) =>
      roles.indexOf(member.role) < roles.indexOf(role) &&
      member.role !== 'viewer' &&
      !people.includes(member.person.email),
  )
  return (
    <div role="group" aria-labelledby={`${id}-label`} className="flex flex-col gap-2 py-3">
      <div>
        <div id={`${id}-label`} className="font-medium">
          {label}
        </div>
        <div className="text-small text-muted">{about}</div>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Select
          aria-label={`${label}: least role`}
          disabled={disabled}
          value={role}
          onChange={(event) => onChange({ role: event.target.value as Role, people })}
          className="w-44 [&>select]:w-full"
        >
          {roles.map((each) => (
            <option key={each} value={each}>
              {spokenRoles[each]}
            </option>
          ))}
        </Select>
        {(others.length > 0 || people.length > 0) && role !== 'viewer' && (
          <Select
            aria-label={`${label}: add a person`}
            disabled={disabled || others.length === 0}
            value=""
            onChange={(event) => onChange({ role, people: [...people, event.target.value] })}
            className="min-w-36 grow basis-36 [&>select]:w-full [&>select]:text-muted"
          >
            <option value="">add a person…</option>
            {others.map(({ person }) => (
              <option key={person.id} value={person.email}>
                {person.name}
              </option>
            ))}
          </Select>
        )}
      </div>
      {people.length > 0 && role !== 'viewer' && (
        <ul aria-label={`${label}: people`} className="flex flex-wrap gap-1.5">
          {people.map((email) => (
            <li
              key={email}
              className="flex h-6 max-w-full items-center gap-1 rounded-[4px] border border-border bg-sunken pl-2 text-small"
              title={email}
            >
              <span className="truncate">{named(email)}</span>
              <button
                type="button"
                disabled={disabled}
                aria-label={`Remove ${named(email)}`}
                onClick={() => onChange({ role, people: people.filter((one) => one !== email) })}
                className="flex size-6 items-center justify-center text-muted hover:text-text"
              >
                <X aria-hidden className="size-3" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {error !== undefined && (
        <p role="alert" className="text-small text-bad">
          {error}
        </p>
      )}
    </div>
  )
}
