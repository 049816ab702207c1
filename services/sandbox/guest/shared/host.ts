import type { TimerFunctions } from './timers.ts';

type Call = (...args: unknown[]) => unknown;

/** The functions of the isolate's owner and of the running program that modules rely on. */
export interface Host {
  timers: TimerFunctions;
  /** Calls back before anything else that is pending. */
  nextTick: (callback: Call, args: readonly unknown[]) => void;
  /** Writes to standard output (1) or standard error (2). */
  print: (fd: number, text: string | Uint8Array) => void;
  randomBytes: (count: number) => ArrayBuffer;
  /** Receives what a callback throws. */
  fail: (error: unknown) => void;
  /** Ends the program. */
  exit: (exitCode: number) => void;
  /** The input of the running program. */
  stdin: () => Uint8Array;
}

/** Throws for what is used before there is a program. */
const none = (): never => {
  throw new Error('there is no program');
};

const NO_TIMERS: TimerFunctions = {
  setTimeout: none,
  setInterval: none,
  setImmediate: none,
  clearTimeout: none,
  clearInterval: none,
  clearImmediate: none,
  queueMicrotask: none,
};

/** Filled when the isolate begins to serve (entry.ts). */
export const host: Host = {
  timers: NO_TIMERS,
  nextTick: none,
  print: none,
  randomBytes: none,
  fail: none,
  exit: none,
  stdin: none,
};
