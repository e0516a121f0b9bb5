import { Braces, File, FileCode, FileImage, FileText, Settings2 } from 'lucide-react'
import type { ReactNode } from 'react'

const icons: [RegExp, ReactNode][] = [
  [/\.(json|jsonc)$/i, <Braces key="j" />],
  [/\.(md|mdx|txt|rst)$/i, <FileText key="t" />],
  [/\.(png|jpe?g|gif|webp|svg|ico|avif)$/i, <FileImage key="i" />],
  [/(^\.|\.(ya?ml|toml|ini|env|lock)$|^dockerfile$)/i, <Settings2 key="s" />],
  [
    /\.([cm]?[jt]sx?|py|go|rs|java|kt|rb|php|cs|c|h|cpp|sh|sql|html?|css|scss|proto|graphql|vue|svelte)$/i,
    <FileCode key="c" />,
  ],
]

export function FileIcon({ name }: { name: string }) {
  return (
    <span aria-hidden className="flex shrink-0 text-muted [&_svg]:size-3.5">
      {icons.find(([pattern]) => pattern.test(name))?.[1] ?? <File />}
    </span>
  )
}
