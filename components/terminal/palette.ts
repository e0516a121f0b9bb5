const roles = {
  surface: 'surface',
  raised: 'raised',
  sunken: 'sunken',
  hover: 'hover',
  chosen: 'chosen',
  border: 'border',
  borderStrong: 'border-strong',
  text: 'text',
  muted: 'muted',
  accent: 'accent',
  ok: 'ok',
  warn: 'warn',
  bad: 'bad',
  production: 'production',
  shared: 'shared',
  personal: 'personal',
  preview: 'preview',
} as const
export type Palette = Record<keyof typeof roles, string>

/** The tokens' colours as `#rrggbb`, in the theme that is on: editors and terminals draw by themselves and know no CSS. */
export function readPalette(): Palette {
  const probe = document.createElement('span')
  probe.hidden = true
  document.body.append(probe)
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 1
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const palette = Object.fromEntries(
    Object.entries(roles).map(([name, role]) => {
      probe.style.color = `var(--color-${role})`
      if (context === null) return [name, '#808080']
      context.fillStyle = getComputedStyle(probe).color
      context.fillRect(0, 0, 1, 1)
      const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data
      return [name, `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`]
    }),
  )
  probe.remove()
  return palette as Palette
}
