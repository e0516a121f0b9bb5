import { z } from 'zod'
import { description } from './endpoints.ts'
import { errorBody } from './records.ts'

/**
 * A laptop that runs a service in the place of what is deployed: `m3o dev` holds one websocket to web (`laptopPath`, a
 * tunnel of contract/tunnel-frames.ts), web holds the place at the runtime (`laptops.hold`) for as long as that lives,
 * and listens, for the gateway, on one unix socket for each local process that is to be called.
 *
 * Streams of the tunnel: web opens `call/{run}`, a connection to the local process of that run; `m3o dev` opens
 * `gateway`, a connection to the gateway in the name of the place, and `stdout` and `stderr`, what the process says.
 */
export const laptopPath = '/api/laptop'

/** Query of the websocket's address. `instance`: the name that it had before the connection was lost. */
export const laptopQuery = z.object({
  team: z.string(),
  environment: z.string(),
  service: z.string(),
  instance: z.string().max(80).optional(),
  force: z
    .enum(['0', '1'])
    .default('0')
    .transform((value) => value === '1'),
})

/** What `m3o dev` says. */
export const fromLaptop = z.discriminatedUnion('type', [
  /** A process was started and checked: from now on calls are to go to it. Runs count up. */
  z.object({ type: z.literal('serving'), run: z.number().int().min(1).max(1e9) }),
  /** What the process of a run says that it answers; the newest counts. */
  z.object({ type: z.literal('described'), run: z.number().int(), endpoints: description.shape.endpoints }),
  /** None runs: calls go to what is beneath, until the next one serves. */
  z.object({ type: z.literal('stopped'), why: z.string().max(300) }),
  /** It is over, by will. */
  z.object({ type: z.literal('bye') }),
])
export type FromLaptop = z.infer<typeof fromLaptop>

const given = z.object({ name: z.string(), value: z.string(), secret: z.boolean() })

/** What it is told. */
export const toLaptop = z.discriminatedUnion('type', [
  /** The place is held. First, and once. */
  z.object({
    type: z.literal('held'),
    /** Name of this laptop as an instance, and its key at the gateway: the same again when it comes back. */
    instance: z.string(),
    key: z.string(),
    team: z.string(),
    environment: z.string(),
    service: z.string(),
    url: z.string(),
    /** What somebody may not see is not among it; `withheld` says so. */
    values: z.array(given),
    withheld: z.array(z.enum(['variables', 'secrets'])),
    /** Who runs it, as the console says it. */
    by: z.string(),
    /** What serves meanwhile, and when this one lets go; null when nothing does. */
    beneath: z.string().nullable(),
  }),
  /** Calls go to the process of this run. */
  z.object({ type: z.literal('switched'), run: z.number() }),
  /** Nothing is under way any more to this one. */
  z.object({ type: z.literal('idle'), run: z.number() }),
  /** Something that happened beneath, for the terminal. */
  z.object({ type: z.literal('note'), text: z.string() }),
  /** The place is lost for good: coming back is of no use. Last. */
  z.object({ type: z.literal('ended'), error: errorBody }),
])
export type ToLaptop = z.infer<typeof toLaptop>
