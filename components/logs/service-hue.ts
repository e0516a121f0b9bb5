/** Far enough apart to be told, and none of them the red, amber or green of a state. */
const hues = [268, 228, 195, 320, 245, 350, 178, 295, 210, 335]

/** The same service has the same hue for everybody and always. */
export function serviceColour(name: string): string {
  let hash = 2166136261
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 16777619)
  const hue = hues[(hash >>> 0) % hues.length]
  return `light-dark(oklch(0.48 0.13 ${hue}), oklch(0.79 0.11 ${hue}))`
}
