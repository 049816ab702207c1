import { Event as BaseEvent, EventTarget as BaseTarget } from 'event-target-shim';

/** `Event` and `EventTarget` as the web has them, by event-target-shim. */
export class Event extends BaseEvent {}
export class EventTarget extends BaseTarget {}
Object.defineProperty(Event.prototype, Symbol.toStringTag, { value: 'Event', configurable: true });
Object.defineProperty(EventTarget.prototype, Symbol.toStringTag, { value: 'EventTarget', configurable: true });

export class CustomEvent extends Event {
  readonly detail: unknown;

  constructor(type: string, options: { readonly detail?: unknown } = {}) {
    super(type, options);
    this.detail = options.detail ?? null;
  }
}

/** Gives an object an `on…` property for an event, which holds one listener. */
export function defineHandler(target: EventTarget, type: string): void {
  let handler: ((event: Event) => void) | null = null;
  Object.defineProperty(target, `on${type}`, {
    configurable: true,
    get: () => handler,
    set: (value: unknown) => {
      if (handler !== null) target.removeEventListener(type, handler);
      handler = isHandler(value) ? value : null;
      if (handler !== null) target.addEventListener(type, handler);
    },
  });
}

const isHandler = (value: unknown): value is (event: Event) => void => typeof value === 'function';
