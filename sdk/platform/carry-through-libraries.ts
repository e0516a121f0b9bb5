import { readFileSync, statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type CallState, storage } from '../context.ts'
import { backToItsCall, bindHandler, inState } from './carry-through-undici.ts'

/**
 * Queues begin what waits in them from within the call whose work ended just then, and Node gives no way to know whose it
 * is. Of the libraries that most services queue with, those places are known by their text, also within a bundle: there
 * what waits keeps the call that put it in. A version whose text is another one is left as it is.
 */
export function carryThroughLibraries(): void {
  Object.defineProperty(globalThis, Symbol.for('m3o.carry'), {
    value: { bind, here, together, bindHandler, backToItsCall },
  })
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      // What `require` loads has no format yet.
      if (!['commonjs', 'module', undefined, null].includes(loaded.format) || !mayQueue(url)) return loaded
      const { source } = loaded
      const text =
        source == null
          ? readFileSync(fileURLToPath(url), 'utf8')
          : typeof source === 'string'
            ? source
            : Buffer.from(source as Uint8Array).toString()
      const changed = keepCalls(text)
      return changed === text ? loaded : { ...loaded, source: changed, shortCircuit: true }
    },
  })
}

const library = /\/node_modules\/(?:.*\/)?(?:undici|p-queue|p-limit|fastq|bottleneck|dataloader|async)[^/]*\//
/** A bundle that contains one of them is larger. */
const smallestBundle = 8_000

function mayQueue(url: string): boolean {
  if (!url.startsWith('file:')) return false
  if (url.includes('/node_modules/')) return library.test(url)
  const size = statSync(fileURLToPath(url), { throwIfNoEntry: false })?.size ?? 0
  return size >= smallestBundle
}

const carry = 'globalThis[Symbol.for("m3o.carry")]'

/** What tells that a text contains the library; where its work waits, and what is written there instead. */
const places: { sign: string; of: [RegExp, string][] }[] = [
  {
    // undici 5 to 7: DispatcherBase.
    sign: 'handler must be an object',
    of: [
      [
        /(\bdispatch\s*\(([\w$]+),\s*([\w$]+)\)\s*\{\s*if\s*\(!\3\s*\|\|\s*typeof \3\s*!==?\s*["']object["']\)\s*\{?\s*throw new [\w$.]+\(["']handler must be an object["']\);?\s*\}?;?\s*(?:\3\s*=\s*[\w$.]+\.unwrap\(\3\);?\s*)?)(?=try\s*\{)/g,
        `$1$3=${carry}.bindHandler($3);const m3oBack=${carry}.backToItsCall($3);if(m3oBack)return m3oBack(()=>this.dispatch($2,$3));`,
      ],
    ],
  },
  { sign: '_tryToStartAnother', of: [[/(\basync add\(([\w$]+), options = \{\}\) \{)/g, `$1$2=${carry}.bind($2);`]] }, // p-queue 6, 7
  {
    sign: 'ryToStartAnother',
    of: [[/(\basync add\((function_), options = \{\}\) \{(?!\2=))/g, `$1$2=${carry}.bind($2);`]],
  }, // p-queue 7 to 9
  {
    sign: 'enqueue(fn, resolve',
    of: [[/\benqueue\(fn, resolve, ((?:\.\.\.)?args)\)/g, `enqueue(${carry}.bind(fn), resolve, $1)`]],
  }, // p-limit 2 to 4
  { sign: 'rejectOnDrop', of: [[/\bthis\.task = task;/g, `this.task = ${carry}.bind(task);`]] }, // bottleneck 2
  {
    // fastq 1
    sign: 'fastqueue',
    of: [
      [
        /\bcurrent\.callback = done \|\| noop\b/g,
        `current.callback = ${carry}.bind(done || noop); current.state = ${carry}.here()`,
      ],
      [
        /\bworker\.call\(context, next\.value, next\.worked\)/g,
        `${carry}.together([next.state], () => worker.call(context, next.value, next.worked))`,
      ],
    ],
  },
  {
    // async 2, 3
    sign: '_createCB(tasks)',
    of: [
      [/\bif \(insertAtFront\) \{/g, `item.callback = ${carry}.bind(item.callback); item.state = ${carry}.here(); $&`],
      [/\b(_?worker\(data, cb\));/g, `${carry}.together(tasks.map(({ state }) => state), () => $1);`],
    ],
  },
  {
    // dataloader 2
    sign: '_batchLoadFn',
    of: [
      [/\bbatch\.callbacks\.push\(/g, `(batch.states ??= []).push(${carry}.here()); $&`],
      [
        /\bbatchPromise = (loader\._batchLoadFn\(batch\.keys\));/g,
        `batchPromise = ${carry}.together(batch.states, () => $1);`,
      ],
    ],
  },
]

/** The text of a module with the queues in it keeping the call of what waits in them; no line of it moves. */
export function keepCalls(text: string): string {
  let kept = text
  for (const { sign, of } of places) {
    if (text.includes(sign)) for (const [place, instead] of of) kept = kept.replace(place, instead)
  }
  return kept
}

function here(): CallState | undefined {
  return storage.getStore()
}

function bind(task: unknown): unknown {
  if (typeof task !== 'function') return task
  const state = here()
  return function (this: unknown, ...args: unknown[]): unknown {
    return inState(state, () => task.apply(this, args))
  }
}

/** What several calls share belongs to none of them. */
function together<T>(states: readonly (CallState | undefined)[], run: () => T): T {
  const [first] = states
  return inState(states.every((state) => state === first) ? first : undefined, run)
}
