// Whether the browser's decoder is tried again after an error. Pure: the time comes in.

/** A decoder that worked for so long does work here: browsers close idle ones on purpose, and lose all with their GPU process, ms. */
const STEADY_MS = 5_000;
/** One that fails so often in a row, each time before that, will not work here. */
const TRIES = 2;
/** The browser says that it never will. */
const HOPELESS = "NotSupportedError";

/** What a decoder failed by. */
export interface Fault {
  readonly name: string;
  readonly message: string;
}

export class Tries {
  private begun = 0;
  private shown = false;
  private failed = 0;

  /** A decoder begins. */
  begin(now: number): void {
    this.begun = now;
    this.shown = false;
  }

  /** It showed a picture. */
  show(): void {
    this.shown = true;
  }

  /** It failed: whether another is worth the while. */
  again(now: number, { name }: Fault): boolean {
    const steady = this.shown && now - this.begun >= STEADY_MS;
    this.failed = steady ? 0 : this.failed + 1;
    const again = name !== HOPELESS && this.failed < TRIES;
    // Who asks for it after that wants it tried anew.
    if (!again) this.failed = 0;
    return again;
  }
}
