import type { Asked, Passage } from './admission.ts'
import type { CallRequest } from './call.ts'
import type { RouteTable } from './routes/route-table.ts'

export interface Known {
  target: Asked['target']
  passage: Passage
}

/** What was decided of requests that are asked again, word for word, on the same connection; as long as the table is the same. */
export class KnownPassages {
  private readonly table: RouteTable
  private readonly known = new WeakMap<object, Known & { changes: number }>()

  constructor(table: RouteTable) {
    this.table = table
  }

  of({ likeness }: CallRequest): Known | undefined {
    const known = likeness === undefined ? undefined : this.known.get(likeness)
    return known !== undefined && known.changes === this.table.changes && Date.now() < known.passage.goodUntil
      ? known
      : undefined
  }

  note({ likeness }: CallRequest, target: Asked['target'], passage: Passage): void {
    if (likeness !== undefined && passage.goodUntil > 0)
      this.known.set(likeness, { target, passage, changes: this.table.changes })
  }
}
