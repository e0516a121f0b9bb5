/** A line of numbers with its area, oldest first; gaps (null) are left open. Says its summary to those who cannot see it. */
export function Sparkline({
  values,
  label,
  width = 120,
  height = 28,
  tone = 'text-muted',
  bars = false,
}: {
  values: readonly (number | null)[]
  label: string
  width?: number
  height?: number
  tone?: string
  /** For values that come now and then, such as latency: a bar each, where a line would be loose specks. */
  bars?: boolean
}) {
  const top = Math.max(1e-9, ...values.map((value) => value ?? 0))
  const x = (index: number) => (values.length < 2 ? 0 : (index / (values.length - 1)) * width)
  const y = (value: number) => height - 1.5 - (value / top) * (height - 3)
  const runs = solidRuns(values)
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      width={width}
      height={height}
      className={`block overflow-visible ${tone}`}
    >
      {bars &&
        values.map(
          (value, index) =>
            value !== null && (
              <line
                key={index}
                x1={x(index)}
                x2={x(index)}
                y1={height}
                y2={Math.min(height - 2, y(value))}
                stroke="currentColor"
                strokeWidth={2}
                vectorEffect="non-scaling-stroke"
              />
            ),
        )}
      {!bars &&
        runs.map((run) => {
          const line = run.map(([index, value]) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
          const first = run[0]
          const last = run.at(-1)
          if (first === undefined || last === undefined) return null
          return (
            <g key={first[0]}>
              <polygon
                points={`${x(first[0])},${height} ${line} ${x(last[0])},${height}`}
                fill="currentColor"
                opacity={0.12}
              />
              {run.length === 1 && (
                <line
                  x1={x(first[0])}
                  x2={x(first[0])}
                  y1={y(first[1])}
                  y2={y(first[1])}
                  stroke="currentColor"
                  strokeWidth={4}
                  strokeLinecap="round"
                  vectorEffect="non-scaling-stroke"
                />
              )}
              <polyline
                points={line}
                fill="none"
                stroke="currentColor"
                strokeWidth={1.25}
                vectorEffect="non-scaling-stroke"
                strokeLinejoin="round"
              />
            </g>
          )
        })}
    </svg>
  )
}

function solidRuns(values: readonly (number | null)[]): [index: number, value: number][][] {
  const runs: [number, number][][] = [[]]
  values.forEach((value, index) => {
    if (value === null) runs.push([])
    else runs.at(-1)?.push([index, value])
  })
  return runs.filter((run) => run.length > 0)
}
