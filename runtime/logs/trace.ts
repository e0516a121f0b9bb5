/**
 * Which lines belong to the stack trace that began above them: Node, Java, Python, Go, Rust. One step a line; `part`
 * confirms all lines since the beginning, `maybe` holds this line until a later one says, `no` ends the trace.
 */
export type Step = 'part' | 'maybe' | 'no'

/** A line that may begin a trace; cheap, as it is asked of every line. */
const mayBegin =
  /Error|Exception|Throwable|Traceback|panic|fatal error: |^goroutine \d|^\s+at |^(?:file:\/\/)?\/[^ ]*:\d+$/

const frame = /^\s+at |^\s*\.\.\. \d+ (?:more|lines)|^\s+Suppressed: |^Caused by: |^Suppressed: /
const thrown = /^(?:Uncaught |Unhandled )?[\w$.]*(?:Error|Exception)\b/
const excerpt = /^(?:file:\/\/)?\/[^ ]*:\d+$/
const chained = /^During handling of the above exception|^The above exception was the direct cause/
const goCall = /^[\w./*()$\-[\]{}]+\(/

type Language = 'excerpt' | 'head' | 'frames' | 'python' | 'raised' | 'go' | 'rust'

export class Trace {
  private language: Language
  /** Lines in a row that are not yet known to belong. */
  private unsure = 0
  private readonly patience: number
  private readonly messageFollows: boolean
  private lines = 1

  private constructor(language: Language, first: string) {
    this.language = language
    // An assertion's message has lines of its own before the first frame.
    // Python puts a sentence between two blank lines before the trace that follows from this one.
    this.patience = language === 'excerpt' || language === 'python' ? 5 : thrown.test(first) ? 8 : 1
    this.messageFollows = language === 'rust' && first.endsWith(':')
  }

  /** The trace that this line may begin. */
  static begin(line: string): Trace | undefined {
    if (!mayBegin.test(line)) return undefined
    if (excerpt.test(line)) return new Trace('excerpt', line)
    if (line.includes('Traceback (most recent call last)')) return new Trace('python', line)
    if (/^panic: |^fatal error: |^goroutine \d/.test(line)) return new Trace('go', line)
    if (/^thread '.*panicked at /.test(line)) return new Trace('rust', line)
    return new Trace(/^\s+at /.test(line) ? 'frames' : 'head', line)
  }

  step(line: string): Step {
    const step = this[this.language](line)
    this.lines++
    this.unsure = step === 'maybe' ? this.unsure + 1 : 0
    return this.unsure > this.patience ? 'no' : step
  }

  /** Node's own print of what killed it: place, source line, caret, blank, error. */
  private excerpt(line: string): Step {
    if (/^\s*\^+\s*$/.test(line)) return 'part'
    if (thrown.test(line)) return this.turn('head')
    return 'maybe'
  }

  private head(line: string): Step {
    if (line.includes('Traceback (most recent call last)')) return this.turn('python')
    if (frame.test(line)) return this.turn('frames')
    if (/^\s{2,}\S|^\t/.test(line)) return 'part'
    if (thrown.test(line)) return 'no'
    return this.patience > 1 || line === '' ? 'maybe' : 'no'
  }

  private frames(line: string): Step {
    if (frame.test(line) || /^\s{2,}\S|^\t|^[}\])]+[,;]?$|^Node\.js v\d/.test(line)) return 'part'
    return line === '' ? 'maybe' : 'no'
  }

  private python(line: string): Step {
    if (/^\s/.test(line)) return 'part'
    return line === '' ? 'maybe' : this.turn('raised')
  }

  private raised(line: string): Step {
    if (line.startsWith('Traceback (most recent call last)')) return this.turn('python')
    return line === '' || chained.test(line) ? 'maybe' : 'no'
  }

  private go(line: string): Step {
    if (
      /^\s+\S|^goroutine \d|^\[signal |^created by |^exit status \d|^\.\.\.additional frames/.test(line) ||
      (line.endsWith(')') && goCall.test(line))
    )
      return 'part'
    return line === '' ? 'maybe' : 'no'
  }

  private rust(line: string): Step {
    if (this.messageFollows && this.lines === 1) return 'part'
    return /^\s+\d+: |^\s+at |^stack backtrace:|^note: /.test(line) ? 'part' : 'no'
  }

  private turn(language: Language): Step {
    this.language = language
    return 'part'
  }
}
