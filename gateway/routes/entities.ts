import type { Routed } from '#contract/routing.ts'

export type Team = Routed['teams']
export type Environment = Routed['environments']
export type Service = Routed['services']
/** One whose instance is a process on somebody's laptop stands before the deployed ones. */
export type Release = Omit<Routed['releases'], 'instances'> & {
  instances: readonly Instance[]
  laptop?: Routed['laptops']
}
export type Caller = Routed['callers']
export type Token = Routed['tokens']
/** `socket`: in the folder for those of laptops; then address and port mean nothing. */
export type Instance = Routed['releases']['instances'][number] & { socket?: string }

export type Resolution =
  | { kind: 'release'; release: Release; environment: Environment }
  | { kind: 'gone'; why: string }
  | { kind: 'none' }
