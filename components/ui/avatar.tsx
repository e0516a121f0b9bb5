/** A person's initials; the name is read out by what stands beside it. */
export function Avatar({ name }: { name: string }) {
  const initials = name
    .split(/[\s@._-]+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((part) => part[0]?.toUpperCase())
    .join('')
  return (
    <span
      aria-hidden
      className="inline-flex size-5 shrink-0 items-center justify-center rounded-full border border-border-strong bg-sunken text-[9px] font-semibold text-muted"
    >
      {initials || '?'}
    </span>
  )
}
