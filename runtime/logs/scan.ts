import { decodeEntries, readBlock, textEnd, textStart, type MetaBlock } from './decode.ts'
import { entrySize, timeAt } from './entry.ts'
import { isPlainText, type CompiledFilter } from './filter.ts'
import type { LogTarget, StoredEntry } from './record.ts'
import { ripgrep } from './ripgrep.ts'
import type { Range } from './ranges.ts'
import { SegmentReader } from './segment.ts'

/** A place in a log, good for ever: segments only grow, and go as a whole. */
export interface Position {
  /** Of the segment. */
  firstSeq: number
  /** The entry in it. */
  index: number
}

export interface Found {
  entry: StoredEntry
  position: Position
}

const metaBlock = 1024
const maxMetaBlock = 64 * 1024
/** The newest text is looked at here; then it is ripgrep's, in growing pieces, so that a common word is found at once. */
const hereBytes = 128 * 1024
const pipedBytes = 2 * 1024 * 1024
const maxFiles = 64

/** Walks one log from one end to the other and gives what a filter lets through, a piece at a time. */
export class Scan {
  readonly target: LogTarget
  private readonly ranges: Range[]
  private readonly isBack: boolean
  private readonly filter: CompiledFilter
  private steps = 0
  private bound: number

  constructor(target: LogTarget, options: { ranges: Range[]; isBack: boolean; filter: CompiledFilter }) {
    this.target = target
    this.ranges = options.ranges.filter((range) => range.to > range.from)
    this.isBack = options.isBack
    this.filter = options.filter
    this.bound = options.isBack ? Infinity : -Infinity
  }

  get isDone(): boolean {
    return this.ranges.length === 0
  }

  /** Where it would go on: before this going back, from this on going forward. */
  get position(): Position | undefined {
    const range = this.next
    return range && { firstSeq: range.segment.firstSeq, index: this.isBack ? range.to : range.from }
  }

  /** No entry that is still to come is newer than that (going back), or older (going forward). */
  get boundTime(): number {
    if (!this.isBack) return this.bound
    return Math.min(this.bound, this.next?.segment.lastTime ?? -Infinity)
  }

  private get next(): Range | undefined {
    return this.isBack ? this.ranges.at(-1) : this.ranges[0]
  }

  /** The next matches, in the walk's order, `wanted` or fewer; none may mean only that this piece had none. */
  async step(wanted: number, signal: AbortSignal): Promise<Found[]> {
    const size = Math.min(maxMetaBlock, metaBlock * 4 ** this.steps)
    const step = this.steps++
    if (this.filter.match.length === 0) return this.byMeta(size, wanted)
    if (step === 0 && this.filter.match.every(isPlainText))
      return this.byMeta(await this.entriesWithin(hereBytes), wanted)
    if (step <= 1) return this.byPipe(wanted, signal)
    return this.byFiles(Math.min(maxFiles, 2 * 8 ** (step - 2)), wanted, signal)
  }

  /** How many of the next entries fit into so many bytes of text. */
  private async entriesWithin(bytes: number): Promise<number> {
    const range = this.next
    if (range === undefined) return 0
    await using reader = await SegmentReader.open(range.segment)
    if (reader === undefined) return range.to - range.from
    const edge = await reader.textStart(this.isBack ? range.to : range.from)
    let low = 1
    let high = range.to - range.from
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const at = await reader.textStart(this.isBack ? range.to - middle : range.from + middle)
      if (Math.abs(at - edge) <= bytes) low = middle
      else high = middle - 1
    }
    return low
  }

  private async byMeta(count: number, wanted: number): Promise<Found[]> {
    const range = this.next
    if (range === undefined) return []
    const piece = this.cut(range, count)
    await using reader = await SegmentReader.open(range.segment)
    if (reader === undefined) return this.take(piece, [])
    const block = await this.block(reader, piece)
    const admitted = this.admitted(block, piece)
    const found: Found[] = []
    // Texts are read in small lots: most of what is admitted is wanted, or few are.
    for (let at = 0; at < admitted.length && found.length < wanted; at += 256) {
      const lot = admitted.slice(at, at + 256)
      found.push(...(await this.decoded(reader, block, lot)).filter(({ entry }) => this.filter.accepts(entry)))
    }
    return this.take(piece, found, wanted)
  }

  private async byPipe(wanted: number, signal: AbortSignal): Promise<Found[]> {
    const range = this.next
    if (range === undefined) return []
    const piece = this.cut(range, await this.entriesWithin(pipedBytes))
    await using reader = await SegmentReader.open(range.segment)
    if (reader === undefined) return this.take(piece, [])
    const block = await this.block(reader, piece)
    const textFrom = block.textFrom
    const bytes = await reader.readText(textFrom, textEnd(block, piece.to - piece.from - 1))
    const hits = await Promise.all(this.filter.match.map((match) => ripgrep(match, { bytes }, signal)))
    const offsets = hits.map((hit) => hit && (hit.get('') ?? []).map((offset) => offset + textFrom))
    if (!isWhole(offsets)) return []
    return this.take(piece, await this.matched(reader, { block, piece, offsets, wanted }), wanted)
  }

  private async byFiles(count: number, wanted: number, signal: AbortSignal): Promise<Found[]> {
    const batch = this.isBack ? this.ranges.slice(-count).reverse() : this.ranges.slice(0, count)
    const files = batch.map((range) => `${range.segment.path}.text`)
    const hits = await Promise.all(this.filter.match.map((match) => ripgrep(match, { files }, signal)))
    const found: Found[] = []
    for (const piece of batch) {
      const offsets = hits.map((hit) => hit && (hit.get(`${piece.segment.path}.text`) ?? []))
      if (!isWhole(offsets)) return found
      const wantedHere = wanted - found.length
      await using reader = await SegmentReader.open(piece.segment)
      // Without a hit where one is needed there is nothing to look at.
      const isHopeless = this.filter.match.some((match, index) => match.not !== true && offsets[index]?.length === 0)
      if (reader === undefined || isHopeless) {
        this.take(piece, [])
        continue
      }
      const block = await this.block(reader, piece)
      found.push(
        ...this.take(piece, await this.matched(reader, { block, piece, offsets, wanted: wantedHere }), wantedHere),
      )
      if (found.length >= wanted || signal.aborted) break
    }
    return found
  }

  /** The entries of a piece whose lines were hit, or not, as each condition says. */
  private async matched(
    reader: SegmentReader,
    { block, piece, offsets, wanted }: { block: MetaBlock; piece: Range; offsets: readonly number[][]; wanted: number },
  ): Promise<Found[]> {
    const count = piece.to - piece.from
    const hits = this.filter.match.map((match, index) => ({
      isNot: match.not ?? false,
      places: placesOf(block, count, offsets[index] ?? []),
    }))
    const places: number[] = []
    for (let step = 0; step < count; step++) {
      const place = this.isBack ? count - 1 - step : step
      if (!hits.every((hit) => (hit.places[place] === 1) !== hit.isNot)) continue
      if (this.filter.admits(block.meta, place * entrySize, block.sources)) places.push(place)
      if (places.length >= wanted && !this.filter.looksCloser) break
    }
    const found: Found[] = []
    const { filter } = this
    for (let at = 0; at < places.length && found.length < wanted; at += 256)
      found.push(...(await this.decoded(reader, block, places.slice(at, at + 256))))
    return found.filter(({ entry }) => filter.isTraced(entry))
  }

  private async block(reader: SegmentReader, piece: Range): Promise<MetaBlock> {
    const block = await readBlock(reader, piece.from, piece.to)
    this.bound = timeAt(block.meta, this.isBack ? 0 : block.meta.length - entrySize)
    return block
  }

  /** Places in the block, in the walk's order. */
  private admitted(block: MetaBlock, piece: Range): number[] {
    const places: number[] = []
    for (let place = 0; place < piece.to - piece.from; place++) {
      if (this.filter.admits(block.meta, place * entrySize, block.sources)) places.push(place)
    }
    return this.isBack ? places.reverse() : places
  }

  private async decoded(reader: SegmentReader, block: MetaBlock, places: readonly number[]): Promise<Found[]> {
    const ascending = this.isBack ? places.toReversed() : places
    const entries = await decodeEntries(reader, this.target, block, ascending)
    const found = entries.map((entry, index) => ({
      entry,
      position: { firstSeq: reader.segment.firstSeq, index: block.from + (ascending[index] ?? 0) },
    }))
    return this.isBack ? found.reverse() : found
  }

  private cut(range: Range, count: number): Range {
    const { segment, from, to } = range
    return this.isBack
      ? { segment, from: Math.max(from, to - count), to }
      : { segment, from, to: Math.min(to, from + count) }
  }

  /** The piece has been looked at; with more found than wanted, only up to the last one that is given. */
  private take(piece: Range, found: Found[], wanted = Infinity): Found[] {
    const given = found.slice(0, wanted)
    const last = found.length >= wanted ? given.at(-1) : undefined
    const range = this.ranges.find(({ segment }) => segment === piece.segment)
    if (range === undefined) return given
    if (this.isBack) range.to = last === undefined ? piece.from : last.position.index
    else range.from = last === undefined ? piece.to : last.position.index + 1
    if (range.to <= range.from) this.ranges.splice(this.ranges.indexOf(range), 1)
    return given
  }
}

function isWhole(offsets: readonly (number[] | undefined)[]): offsets is number[][] {
  return offsets.every((offset) => offset !== undefined)
}

/** Which entries hold any of these offsets: both ascend, so one pass does. */
function placesOf(block: MetaBlock, count: number, offsets: readonly number[]): Uint8Array {
  const places = new Uint8Array(count)
  let next = 0
  while (next < offsets.length && (offsets[next] as number) < block.textFrom) next++
  for (let place = 0; place < count && next < offsets.length; place++) {
    const end = textEnd(block, place)
    if ((offsets[next] as number) >= end || end === textStart(block, place)) continue
    places[place] = 1
    while (next < offsets.length && (offsets[next] as number) < end) next++
  }
  return places
}
