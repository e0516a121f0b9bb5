/** Far enough apart to be told, and none of them the red, amber or green of a state; a pattern besides, for who does not see them. */
const hues = [268, 195, 330, 228, 300, 175, 350, 215]
const dashes = [undefined, '7 3', '2 3', '9 3 2 3'] as const

export interface CurveStyle {
  colour: string
  dash: string | undefined
}

export function curveStyle(index: number): CurveStyle {
  const hue = hues[index % hues.length]
  return { colour: `light-dark(oklch(0.5 0.15 ${hue}), oklch(0.77 0.12 ${hue}))`, dash: dashes[index % dashes.length] }
}
