import { DOMException } from './dom-exception.ts';
import { host } from '../shared/host.ts';
import { defineHandler, Event, EventTarget } from './events.ts';

/** Held by AbortController alone. */
const abortOf = new WeakMap<AbortSignal, (reason: unknown) => void>();

export class AbortSignal extends EventTarget {
  #isAborted = false;
  #reason: unknown = undefined;

  constructor() {
    super();
    defineHandler(this, 'abort');
    abortOf.set(this, (reason) => {
      if (this.#isAborted) return;
      this.#isAborted = true;
      this.#reason = reason ?? new DOMException('This operation was aborted', 'AbortError');
      this.dispatchEvent(new Event('abort'));
    });
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal();
    abortOf.get(signal)?.(reason);
    return signal;
  }

  static timeout(ms: number): AbortSignal {
    const signal = new AbortSignal();
    const abort = () =>
      abortOf.get(signal)?.(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    host.timers.setTimeout(abort, ms).unref();
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const signal = new AbortSignal();
    const all = [...signals];
    const first = all.find(({ aborted }) => aborted);
    if (first !== undefined) abortOf.get(signal)?.(first.reason);
    else for (const one of all) one.addEventListener('abort', () => abortOf.get(signal)?.(one.reason), { once: true });
    return signal;
  }

  get aborted(): boolean {
    return this.#isAborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    // oxlint-disable-next-line typescript/only-throw-error -- the standard throws any reason
    if (this.#isAborted) throw this.#reason;
  }
}

export class AbortController {
  readonly signal = new AbortSignal();

  abort(reason?: unknown): void {
    abortOf.get(this.signal)?.(reason);
  }
}
