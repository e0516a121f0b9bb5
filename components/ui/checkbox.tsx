import type { ComponentProps, ReactNode } from 'react'

export function Checkbox({
  label,
  hint,
  ...rest
}: Omit<ComponentProps<'input'>, 'type'> & { label: ReactNode; hint?: ReactNode }) {
  return (
    <label className="flex min-h-6 cursor-pointer items-start gap-2">
      <input type="checkbox" {...rest} className="mt-[3px] size-3.5 shrink-0 accent-action" />
      <span>
        {label}
        {hint !== undefined && <span className="block text-small text-muted">{hint}</span>}
      </span>
    </label>
  )
}
