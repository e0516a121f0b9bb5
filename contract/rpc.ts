import type { z } from 'zod'

/**
 * How the platform's own processes talk, over unix sockets that only they can open. Three kinds of procedure:
 *
 * - call:   `POST /rpc/{name}`, JSON in, JSON out; a failure is its HTTP status and an ErrorBody.
 * - stream: `POST /stream/{name}`, JSON in, one JSON document a line out; a last line `{"$error": ErrorBody}` on failure.
 *           The server stops reading its source while the client does not read.
 * - duplex: `POST /duplex/{name}` with `Upgrade: m3o`, the input in the `m3o-input` header (JSON, percent-encoded);
 *           after `101` bytes flow both ways, framed by the procedure.
 * - upload: `POST /upload/{name}`, the input as for duplex, the body as raw bytes; JSON out.
 *
 * Who acts is said in the `m3o-actor` header (JSON, percent-encoded, {@link Actor}).
 */
export interface Call<I extends z.ZodType, O extends z.ZodType> {
  kind: 'call'
  input: I
  output: O
}
export interface Stream<I extends z.ZodType, O extends z.ZodType> {
  kind: 'stream'
  input: I
  item: O
}
export interface Duplex<I extends z.ZodType> {
  kind: 'duplex'
  input: I
}
export interface Upload<I extends z.ZodType, O extends z.ZodType> {
  kind: 'upload'
  input: I
  output: O
}

export type Procedure =
  | Call<z.ZodType, z.ZodType>
  | Stream<z.ZodType, z.ZodType>
  | Duplex<z.ZodType>
  | Upload<z.ZodType, z.ZodType>

/** Procedures by full name: `deployments.start`. */
export type Api = Record<string, Procedure>

export const call = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O): Call<I, O> => ({
  kind: 'call',
  input,
  output,
})
export const stream = <I extends z.ZodType, O extends z.ZodType>(input: I, item: O): Stream<I, O> => ({
  kind: 'stream',
  input,
  item,
})
export const duplex = <I extends z.ZodType>(input: I): Duplex<I> => ({ kind: 'duplex', input })
export const upload = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O): Upload<I, O> => ({
  kind: 'upload',
  input,
  output,
})

/** Who does something, for authorization at the edge and for the audit. */
export interface Actor {
  kind: 'person' | 'token' | 'service' | 'platform'
  /** Id of the person (also behind a token), of the service, or `platform`. */
  id: string
  /** What people are shown: an email, a service's name. */
  name: string
  /** A person whose address nothing has proved yet. */
  unconfirmed?: true
  tokenId?: string
  sessionId?: string
  /** Address of the person's machine, where known. */
  from?: string
}

export const platformActor: Actor = { kind: 'platform', id: 'platform', name: 'M3O' }

export const rpcHeader = { actor: 'm3o-actor', input: 'm3o-input' } as const
