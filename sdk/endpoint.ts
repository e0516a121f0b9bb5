import type { Context } from './context.ts'
import type { InputOf, OutputOf, Schema } from './schema.ts'

interface Described<Request, Response> {
  /** One sentence for the catalogue. */
  description?: string
  /** What is asked; requests that do not fit are answered with 400 and never reach `run`. */
  request?: Request
  /** What is answered; an answer that does not fit is a defect and is answered with 500. */
  response?: Response
}

type Asked<S> = [S] extends [Schema] ? OutputOf<S> : Record<string, unknown>
type Answered<S> = [S] extends [Schema] ? InputOf<S> : unknown

export interface RunDefinition<Req extends Schema | undefined, Res extends Schema | undefined> extends Described<
  Req,
  Res
> {
  run: (request: Asked<Req>, context: Context) => Promise<Answered<Res>> | Answered<Res>
}

/** Each `yield` is one message of the answer; `response` is the schema of one. */
export interface StreamDefinition<Req extends Schema | undefined, Res extends Schema | undefined> extends Described<
  Req,
  Res
> {
  stream: (request: Asked<Req>, context: Context) => AsyncIterable<Answered<Res>>
}

/** Something callable of a service: `POST /{its name}` with JSON. */
export interface Endpoint {
  readonly description?: string | undefined
  readonly request?: Schema | undefined
  readonly response?: Schema | undefined
  readonly run?: (request: never, context: Context) => unknown
  readonly stream?: (request: never, context: Context) => AsyncIterable<unknown>
}

export function endpoint<Req extends Schema | undefined = undefined, Res extends Schema | undefined = undefined>(
  definition: RunDefinition<Req, Res>,
): Endpoint
export function endpoint<Req extends Schema | undefined = undefined, Res extends Schema | undefined = undefined>(
  definition: StreamDefinition<Req, Res>,
): Endpoint
export function endpoint(definition: Endpoint): Endpoint {
  for (const side of ['request', 'response'] as const) {
    const schema = definition[side]
    if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function') {
      throw new TypeError(`the ${side} of an endpoint must be a schema, such as z.object({ … })`)
    }
  }
  if ((typeof definition.run === 'function') === (typeof definition.stream === 'function')) {
    throw new TypeError('an endpoint has either run or stream')
  }
  return Object.freeze({ ...definition })
}
