import type { Admission, Asked } from './admission.ts'

/** Changes that come together are looked at together. */
const settleMs = 20

export interface OpenCall {
  /** Who asked for it may not have it any more. */
  revoke(): void
  /** What serves it is inherited, and holds secrets that are not for calls made there. */
  isBarred(): boolean
}

/**
 * Sockets and answers that go on, of callers who asked by a token or a service host's cookie: they end when these do, when
 * their person leaves the team, and when the service is not shared with them any more; anybody's, when the service may not serve
 * their environment any more.
 */
export class OpenCalls {
  private readonly admission: Pick<Admission, 'isLetIn'>
  private readonly open = new Map<OpenCall, Asked>()
  private timer: NodeJS.Timeout | undefined

  constructor(admission: Pick<Admission, 'isLetIn'>) {
    this.admission = admission
  }

  add(call: OpenCall, asked: Asked): void {
    this.open.set(call, asked)
  }

  remove(call: OpenCall): void {
    this.open.delete(call)
  }

  /** Of one that was asked for a while ago. */
  isStillLetIn(asked: Asked): boolean {
    return !isByPerson(asked) || this.admission.isLetIn(asked)
  }

  /** The routing table is another. */
  changed(): void {
    if (this.open.size === 0) return
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      for (const [call, asked] of this.open) if (call.isBarred() || !this.isStillLetIn(asked)) call.revoke()
    }, settleMs).unref()
  }
}

/** An instance's end with it; what web asks for, it ends itself. */
const isByPerson = ({ target, trusted }: Asked) =>
  trusted === undefined && !(target.kind === 'path' && target.key !== undefined)
