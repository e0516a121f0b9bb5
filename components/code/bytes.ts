export function bytes(size: number): string {
  if (size < 1024) return `${size} bytes`
  return size < 1 << 20 ? `${(size / 1024).toFixed(1)} KiB` : `${(size / (1 << 20)).toFixed(1)} MiB`
}
