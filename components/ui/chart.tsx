import { clsx } from 'clsx'
import { type KeyboardEvent, type PointerEvent, type ReactNode, useState } from 'react'
import { roundTop, spokenStep, timeMarks } from './chart-scale.ts'
import { useZone } from './zone.ts'
import { type CurveStyle, curveStyle } from './curve-style.ts'

export interface ChartProps {
  title: string
  /** Beside the title: what the whole of it comes to, or a choice. */
  about?: ReactNode
  curves: readonly { name: string; values: readonly (number | null)[]; rough?: readonly boolean[] }[]
  times: readonly number[]
  end: number
  say: (value: number) => string
  /** The step that is looked at, of all charts that share it. */
  at: number | null
  onLook: (at: number | null) => void
}

/**
 * Curves over time, as text can be: one SVG, stretched to the space, and words around it. The pointer or the arrow keys look at
 * a step; all numbers are in a table behind.
 */
export function Chart({ title, about, curves, times, end, say, at, onLook }: ChartProps) {
  const zone = useZone()
  const from = times[0] ?? end
  const stepMs = (times[1] ?? end) - from
  const top = roundTop(Math.max(0, ...curves.flatMap(({ values }) => values.map((value) => value ?? 0))))
  const x = (moment: number) => ((moment - from) / Math.max(1, end - from)) * 100
  const middle = (index: number) => x(Math.min(end, (times[index] ?? end) + stepMs / 2))
  const step = (index: number) => spokenStep(times[index] ?? end, { stepMs, wholeMs: end - from, zone })
  const seen = at === null || at >= times.length ? null : at
  const look = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    onLook(Math.max(0, Math.min(times.length - 1, Math.floor(((event.clientX - left) / width) * times.length))))
  }
  const values = (index: number) =>
    curves.map(({ name, values: all, rough }) => ({
      name,
      value: all[index] ?? null,
      about: rough?.[index] === true ? 'about ' : '',
    }))
  const said = (index: number) =>
    `${step(index)}: ${values(index)
      .map(
        ({ name, value, about: roughly }) =>
          `${name === '' ? '' : `${name} `}${value === null ? 'nothing' : `${roughly}${say(value)}`}`,
      )
      .join(', ')}`
  return (
    <section aria-label={title} className="flex min-w-0 flex-col bg-raised px-3 pt-2.5 pb-1.5">
      <div className="mb-2 flex min-h-[26px] items-center justify-between gap-3">
        <h2 className="text-small text-muted">{title}</h2>
        {about}
      </div>
      <div className="relative mr-15 h-36 sm:h-40">
        {[1, 0.5, 0].map((share) => (
          <div
            key={share}
            aria-hidden
            className="absolute inset-x-0 border-t border-border"
            style={{ bottom: `${share * 100}%` }}
          >
            <span className="tabular absolute left-full w-15 -translate-y-1/2 truncate pl-2 text-tiny text-muted">
              {share === 0 ? '0' : say(top * share)}
            </span>
          </div>
        ))}
        <svg
          aria-hidden
          viewBox="0 0 100 100"
          preserveAspectRatio="none"
          className="absolute inset-0 size-full overflow-visible"
        >
          {curves.map(({ name, values: all }, index) => (
            <Line
              key={name}
              values={all}
              style={curveStyle(index)}
              x={middle}
              y={(value) => 100 - (value / top) * 100}
              filled={curves.length === 1}
            />
          ))}
        </svg>
        <div
          role="slider"
          tabIndex={0}
          aria-label={`${title} at a time`}
          aria-valuemin={0}
          aria-valuemax={Math.max(0, times.length - 1)}
          aria-valuenow={seen ?? Math.max(0, times.length - 1)}
          aria-valuetext={said(seen ?? times.length - 1)}
          className="absolute inset-0 cursor-crosshair touch-pan-y rounded-[3px]"
          onPointerMove={look}
          onPointerDown={look}
          onPointerLeave={() => onLook(null)}
          onBlur={() => onLook(null)}
          onKeyDown={(event) => walk(event, seen, times.length, onLook)}
        />
        {seen !== null && (
          <>
            <div
              aria-hidden
              className="pointer-events-none absolute inset-y-0 w-px bg-border-strong"
              style={{ left: `${middle(seen)}%` }}
            />
            <div
              aria-hidden
              className={clsx(
                'pointer-events-none absolute top-1 z-10 max-w-[70%] rounded border border-border bg-raised px-2 py-1 text-small shadow-float',
                middle(seen) > 50 ? '-translate-x-full -ml-2' : 'ml-2',
              )}
              style={{ left: `${middle(seen)}%` }}
            >
              <p className="tabular text-muted">{step(seen)}</p>
              {values(seen).map(({ name, value, about: roughly }, index) => (
                <p key={name} className="flex items-center gap-1.5">
                  {name !== '' && (
                    <>
                      <CurveKey index={index} />
                      <span className="truncate">{name}</span>
                    </>
                  )}
                  <span className="tabular ml-auto pl-2 font-medium whitespace-nowrap">
                    {value === null ? '–' : `${roughly}${say(value)}`}
                  </span>
                </p>
              ))}
            </div>
          </>
        )}
      </div>
      <div aria-hidden className="tabular relative mt-1 mr-15 h-4 text-tiny text-muted">
        {timeMarks(from, end, zone).map((mark) => (
          <span
            key={mark.at}
            className={clsx(
              'absolute -translate-x-1/2 whitespace-nowrap max-sm:even:hidden',
              (x(mark.at) < 4 || x(mark.at) > 96) && 'hidden',
            )}
            style={{ left: `${x(mark.at)}%` }}
          >
            {mark.words}
          </span>
        ))}
      </div>
      <Numbers
        title={title}
        rows={times.map((_, index) => ({ step: step(index), values: values(index) })).toReversed()}
        names={curves.map(({ name }) => name)}
        say={say}
      />
    </section>
  )
}

/** How a curve is drawn, beside its name. */
export function CurveKey({ index }: { index: number }) {
  const { colour, dash } = curveStyle(index)
  return (
    <svg aria-hidden viewBox="0 0 18 4" className="h-1 w-[18px] shrink-0">
      <line x1={0} x2={18} y1={2} y2={2} stroke={colour} strokeWidth={2} strokeDasharray={dash} />
    </svg>
  )
}

function Line({
  values,
  style: { colour, dash },
  x,
  y,
  filled,
}: {
  values: readonly (number | null)[]
  style: CurveStyle
  x: (index: number) => number
  y: (value: number) => number
  filled: boolean
}) {
  const point = (index: number, value: number) => `${x(index).toFixed(2)} ${y(value).toFixed(2)}`
  const stretches = runs(values)
  // What lies between two stretches is unknown: a faint line leads from one to the next.
  const between = stretches
    .slice(1)
    .map((run, index) => [stretches[index]?.at(-1), run[0]] as [[number, number], [number, number]])
  return [
    ...between.map(([from, to]) => (
      <path
        key={`to ${to[0]}`}
        d={`M${point(...from)} L${point(...to)}`}
        style={{ color: colour }}
        fill="none"
        stroke="currentColor"
        strokeWidth={1}
        opacity={0.35}
        vectorEffect="non-scaling-stroke"
      />
    )),
    ...stretches.map((run) => {
      const [[first], [last]] = [run[0] as [number, number], run.at(-1) as [number, number]]
      const line = run.map(([index, value]) => point(index, value)).join(' L')
      return (
        <g key={first} style={{ color: colour }} fill="none" stroke="currentColor">
          {filled && run.length > 1 && (
            <path
              d={`M${x(first).toFixed(2)} 100 L${line} L${x(last).toFixed(2)} 100 Z`}
              fill="currentColor"
              stroke="none"
              opacity={0.12}
            />
          )}
          <path
            d={run.length > 1 ? `M${line}` : `M${line} l0 0.01`}
            strokeWidth={run.length > 1 ? 1.5 : 4}
            strokeLinecap={run.length > 1 ? 'butt' : 'round'}
            strokeDasharray={run.length > 1 ? dash : undefined}
            strokeLinejoin="round"
            vectorEffect="non-scaling-stroke"
          />
        </g>
      )
    }),
  ]
}

/** Stretches without a gap. */
function runs(values: readonly (number | null)[]): [index: number, value: number][][] {
  const all: [number, number][][] = [[]]
  values.forEach((value, index) => {
    if (value === null) all.push([])
    else all.at(-1)?.push([index, value])
  })
  return all.filter((run) => run.length > 0)
}

function walk(event: KeyboardEvent, seen: number | null, count: number, onLook: (at: number | null) => void): void {
  const from = seen ?? count
  const to = (
    {
      ArrowLeft: from - 1,
      ArrowRight: from + 1,
      PageUp: from - 10,
      PageDown: from + 10,
      Home: 0,
      End: count - 1,
    } as Record<string, number>
  )[event.key]
  if (event.key === 'Escape') return onLook(null)
  if (to === undefined) return
  event.preventDefault()
  onLook(Math.max(0, Math.min(count - 1, to)))
}

function Numbers({
  title,
  rows,
  names,
  say,
}: {
  title: string
  rows: { step: string; values: { name: string; value: number | null; about: string }[] }[]
  names: readonly string[]
  say: (value: number) => string
}) {
  const [open, setOpen] = useState(false)
  return (
    <details className="text-small" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="w-fit rounded-[3px] py-0.5 text-muted hover:text-text">
        Numbers<span className="sr-only"> of {title.toLowerCase()}</span>
      </summary>
      {open && (
        <div
          role="region"
          aria-label={`Numbers of ${title.toLowerCase()}`}
          tabIndex={0}
          className="mt-1 max-h-56 overflow-auto rounded-[3px] border border-border"
        >
          <table className="tabular w-full">
            <thead>
              <tr className="text-left text-muted">
                <th scope="col" className="px-2 py-1 font-medium">
                  From
                </th>
                {names.map((name) => (
                  <th key={name} scope="col" className="px-2 py-1 text-right font-medium">
                    {name === '' ? title : name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ step, values }) => (
                <tr key={step} className="border-t border-border">
                  <th scope="row" className="px-2 py-0.5 text-left font-normal whitespace-nowrap text-muted">
                    {step}
                  </th>
                  {values.map(({ name, value, about }) => (
                    <td key={name} className="px-2 py-0.5 text-right whitespace-nowrap">
                      {value === null ? '–' : `${about}${say(value)}`}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  )
}
