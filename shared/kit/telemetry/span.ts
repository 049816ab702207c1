import type { TraceContext } from './trace-context.ts';

export type SpanKind = 'server' | 'client' | 'internal';

/** Attributes of a span: names, counts, outcomes; never a prompt, code, arguments, results or a key. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | string[] | undefined>>;

/** A piece of work that has begun. */
export interface Span {
  /** Runs `task` so that spans, log lines and calls in it belong to this one. */
  run<T>(task: () => T): T;
  set(attributes: SpanAttributes): void;
  rename(name: string): void;
  /** Says that the work failed; `type` is one of few: an error's code or name. */
  fail(type: string): void;
  end(): void;
}

/** A span as its opener describes it. */
export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: SpanAttributes;
}

/** Records the spans of one service and exports them. */
export interface Recorder {
  /** Opens a span below `parent`; undefined starts a trace. */
  start(span: SpanStart, parent: TraceContext | undefined): RecordedSpan;
  /** Exports what is left. Does not throw. */
  stop(): Promise<void>;
}

export interface RecordedSpan extends Omit<Span, 'run'> {
  /** The hop that it is: what its children name as their parent. */
  readonly trace: TraceContext;
}
