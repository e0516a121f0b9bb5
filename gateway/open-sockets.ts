import type { Socket } from 'node:net'
import type { Admission, Asked } from './admission.ts'

/** Changes that come together are looked at together. */
const settleMs = 20

/**
 * Sockets that callers hold open by a token or a service host's cookie: they end when these do, when their person leaves the
 * team, and when the service is not shared with them any more.
 */
export class OpenSockets {
  private readonly admission: Pick<Admission, 'isLetIn'>
  private readonly open = new Map<Socket, Asked>()
  private timer: NodeJS.Timeout | undefined

  constructor(admission: Pick<Admission, 'isLetIn'>) {
    this.admission = admission
  }

  add(socket: Socket, asked: Asked): void {
    if (!isByPerson(asked)) return
    this.open.set(socket, asked)
    socket.once('close', () => this.open.delete(socket))
  }

  /** The routing table is another. */
  changed(): void {
    if (this.open.size === 0) return
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      for (const [socket, asked] of this.open) if (!this.admission.isLetIn(asked)) socket.destroy()
    }, settleMs).unref()
  }
}

/** An instance's end with it; what web asks for, it ends itself. */
const isByPerson = ({ target, trusted }: Asked) => trusted === undefined && !(target.kind === 'path' && target.key !== undefined)
