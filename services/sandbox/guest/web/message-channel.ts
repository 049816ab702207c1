import { host } from '../shared/host.ts';
import { defineHandler, Event, EventTarget } from './events.ts';
import { structuredClone } from './structured-clone.ts';

class MessageEvent extends Event {
  readonly data: unknown;

  constructor(data: unknown) {
    super('message');
    this.data = data;
  }
}

/** One end of a channel: what is posted here arrives at the other end as a copy. */
export class MessagePort extends EventTarget {
  #other: MessagePort | undefined;

  constructor() {
    super();
    defineHandler(this, 'message');
  }

  static connect(a: MessagePort, b: MessagePort): void {
    a.#other = b;
    b.#other = a;
  }

  postMessage(message: unknown): void {
    const copy = structuredClone(message);
    const other = this.#other;
    host.timers.setImmediate(() => other?.dispatchEvent(new MessageEvent(copy)));
  }

  on(type: string, listener: (data: unknown) => void): this {
    this.addEventListener(type, (event) => listener('data' in event ? event.data : undefined));
    return this;
  }

  start(): void {}

  ref(): void {}

  unref(): void {}

  close(): void {
    this.#other = undefined;
  }
}

export class MessageChannel {
  readonly port1 = new MessagePort();
  readonly port2 = new MessagePort();

  constructor() {
    MessagePort.connect(this.port1, this.port2);
  }
}
