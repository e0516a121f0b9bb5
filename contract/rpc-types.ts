import type { Duplex as DuplexStream, Readable } from 'node:stream'
import type { z } from 'zod'
import type { Actor, Api, Call, Duplex, Procedure, Stream, Upload } from './rpc.ts'

/** Names of an API's procedures of one kind. */
export type NamesOf<A extends Api, K extends Procedure['kind']> = {
  [N in keyof A & string]: A[N] extends { kind: K } ? N : never
}[keyof A & string]

export type InputOf<P extends Procedure> = z.input<P['input']>
export type OutputOf<P> = P extends { output: infer O extends z.ZodType } ? z.output<O> : never
export type ItemOf<P> = P extends { item: infer O extends z.ZodType } ? z.output<O> : never

export interface HandlerContext {
  actor: Actor
  /** Aborted when the client leaves. */
  signal: AbortSignal
}

type HandlerOf<P extends Procedure> =
  P extends Call<infer I, infer O>
    ? (input: z.output<I>, at: HandlerContext) => z.output<O> | Promise<z.output<O>>
    : P extends Stream<infer I, infer O>
      ? (input: z.output<I>, at: HandlerContext) => AsyncIterable<z.output<O>>
      : P extends Upload<infer I, infer O>
        ? (input: z.output<I>, at: HandlerContext & { body: Readable }) => z.output<O> | Promise<z.output<O>>
        : P extends Duplex<infer I>
          ? (
              input: z.output<I>,
              at: HandlerContext & {
                /** Reading this property accepts the upgrade: refuse, by throwing, before. */
                readonly socket: DuplexStream
              },
            ) => void | Promise<void>
          : never

/** Every procedure needs its handler: a missing one does not compile. */
export type Handlers<A extends Api> = { [N in keyof A]: HandlerOf<A[N]> }
