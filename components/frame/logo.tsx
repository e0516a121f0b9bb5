/** Three stacked planes: environments over one another. */
export function Logo({ className = 'size-5' }: { className?: string }) {
  return (
    <svg
      viewBox="0 0 20 20"
      aria-hidden
      className={className}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinejoin="round"
    >
      <path d="m10 2.5 7.5 3.75L10 10 2.5 6.25z" fill="currentColor" />
      <path d="m2.5 10 7.5 3.75L17.5 10" strokeLinecap="round" />
      <path d="M2.5 13.75 10 17.5l7.5-3.75" strokeLinecap="round" opacity={0.55} />
    </svg>
  )
}
