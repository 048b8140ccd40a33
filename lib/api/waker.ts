/** Where one who follows something waits until there is more of it, or until a signal ends that. */
export class Waker implements Disposable {
  readonly #signal: AbortSignal;
  #wake: (() => void) | null = null;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.wake);
  }

  /** Goes on with who waits, if anybody does: who comes later looks first whether there is something. */
  readonly wake = (): void => {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  };

  /** Until `wake` is called; at once where the signal is aborted. */
  async woken(): Promise<void> {
    if (!this.#signal.aborted) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.wake);
  }
}
