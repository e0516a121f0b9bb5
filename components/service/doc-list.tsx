import { clsx } from 'clsx'

/** Documents of a repository by their paths, the one that is read among them. */
export function DocList({
  paths,
  chosen,
  choose,
}: {
  paths: readonly string[]
  chosen: string
  choose: (path: string) => void
}) {
  return (
    <nav aria-label="Documents">
      <ul className="flex gap-px overflow-x-auto [scrollbar-width:none] lg:flex-col">
        {paths.map((path) => (
          <li key={path} className="shrink-0">
            <button
              type="button"
              aria-current={path === chosen ? 'page' : undefined}
              title={path}
              onClick={() => choose(path)}
              className={clsx(
                'h-7 w-full truncate rounded px-2 text-left',
                path === chosen ? 'bg-chosen font-medium' : 'text-muted hover:bg-hover hover:text-text',
              )}
            >
              {path.replace(/^docs\//, '')}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  )
}
