/**
 * Draws at most once a frame, and less often as drawing gets dearer, so that reading, scrolling and typing keep most of
 * the time. In a hidden page there are no frames: twice a second is enough to keep what comes from piling up.
 */
export class Pace {
  readonly #draw: () => void
  #waiting = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #frame: number | undefined
  /** When the last drawing began, and what it cost until the frame after it. */
  #began = 0
  #cost = 0
  #closed = false

  constructor(draw: () => void) {
    this.#draw = draw
  }

  ask(): void {
    if (this.#waiting || this.#closed) return
    this.#waiting = true
    const wait = Math.min(mostWait, this.#began + this.#cost * share - performance.now())
    if (document.hidden) this.#timer = setTimeout(this.#run, hiddenEvery)
    else if (wait <= 0) this.#frame = requestAnimationFrame(this.#run)
    else
      this.#timer = setTimeout(() => {
        this.#frame = requestAnimationFrame(this.#run)
      }, wait)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
  }

  #run = () => {
    this.#waiting = false
    const began = performance.now()
    this.#began = began
    this.#draw()
    // React draws after this returns; a message comes after the frame was laid out and painted.
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      this.#cost = Math.min(60, this.#cost * 0.7 + (performance.now() - began) * 0.3)
      port1.close()
    }
    port2.postMessage(null)
  }
}

const share = 2
const mostWait = 80
const hiddenEvery = 500
