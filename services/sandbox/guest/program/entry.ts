// Runs JavaScript programs in a bare isolate: the script of which the snapshot is made (bundle-guest.ts).
import { TextEncoder } from '@exodus/bytes/encoding-lite.js';
import { format } from 'node-inspect-extracted';
import { prepareProgram } from '../../src/runtimes/javascript/source/prepare-program.ts';
import type { LoaderParts } from '../modules/loader.ts';
import { closeStdin, putFile, putStdin, watchFiles } from '../node/file-tree.ts';
import { renewProcess } from '../node/process.ts';
import { host } from '../shared/host.ts';
import { createRingWriter } from '../shared/ring-writer.ts';
import { createScratch } from '../shared/scratch.ts';
import { createTimers } from '../shared/timers.ts';
import { startClock } from '../web/performance.ts';
import { createConsole } from './console.ts';
import { createFileNames } from './failure.ts';
import { defineGlobals } from './globals.ts';
import type { GuestProgram, GuestReport } from './report.ts';
import { createRun, type Run } from './run.ts';
import { createTicks } from './ticks.ts';

/** The isolate's owner, as functions and memory of both. */
interface Owner {
  readonly stdout: SharedArrayBuffer;
  readonly stderr: SharedArrayBuffer;
  readonly schedule: (id: number, ms: number) => void;
  /** Receives the report of each program. */
  readonly finish: (report: GuestReport) => void;
  readonly locate: LoaderParts['locate'];
  readonly randomBytes: (count: number) => ArrayBuffer;
}

/** The place in the padding of the output's memory where a thread waits for ever. */
const HALT_INDEX = 2;

/** Connects the isolate with its owner; returns the functions that the owner calls. */
function start({ stdout, stderr, schedule, finish, locate, randomBytes }: Owner) {
  const writers = [createRingWriter(stdout), createRingWriter(stderr)];
  const encoder = new TextEncoder();
  const { wait } = Atomics;
  const scratch = createScratch();
  let input: Uint8Array = new Uint8Array(0);
  let current: Run | undefined;
  let programs = 0;

  const print = (fd: number, text: string | Uint8Array) => {
    if (current?.isOver() !== false) return;
    const bytes = typeof text === 'string' ? encoder.encode(text) : text;
    writers[fd - 1]?.write(bytes);
    scratch.look(bytes);
  };
  const fail = (error: unknown) => current?.fail(error);
  const timers = createTimers({ schedule, onError: fail });
  const ticks = createTicks(fail);
  const fileNames = createFileNames();
  const halt = () => void wait(new Int32Array(stdout, 0, HALT_INDEX + 1), HALT_INDEX, 0);
  const parts = { timers, ticks, fileNames, constants: new Set<string>(), print, scratch, finish, halt };
  Object.assign(host, {
    timers: timers.functions,
    nextTick: ticks.add,
    print,
    randomBytes,
    fail,
    exit: (exitCode: number) => current?.exit(exitCode),
    stdin: () => input,
  });
  startClock();
  defineGlobals(timers, locate);

  return {
    /** Runs one program, whose report goes to `finish`; the next only after that. */
    run(program: GuestProgram) {
      for (const writer of writers) writer.restart();
      programs += 1;
      scratch.restart();
      input = program.stdin;
      putStdin(input);
      closeStdin();
      renewProcess();
      for (const file of program.files) putFile(file);
      current = createRun(program, programs, parts);
      current.start();
    },
    fire(id: number) {
      timers.fire(id);
      ticks.run();
    },
    idle: () => current?.idle(),
    /** Ends the program for an error that only the engine reports: a rejected promise without a handler. */
    abandon: ({ name, message, stack }: { name: string; message: string; stack: string }) =>
      fail(Object.assign(new Error(message), { name, stack })),
    /** Leaves no trace of the programs so far, which were the runtime's own. */
    forget() {
      programs = 0;
      current = undefined;
      fileNames.forget();
    },
  };
}

/** Compiles ahead what every program needs. */
function warm(): void {
  prepareProgram('import fs from "fs"; const a = await (async () => 1)(); `${a}`');
  prepareProgram('const { b } = require("x"); for (const c of b) console.log(c)', new Set());
  format('%s', 'x', { a: [1, new Error('x')] });
  Object.assign(host, { print: (_fd: number, text: string) => new TextEncoder().encode(text) });
  createConsole().log([1]);
  putFile({ path: 'warm', data: new Uint8Array(1) });
  watchFiles().collect({ count: 0, bytes: 0, path_chars: 0 }, () => false);
}

Object.defineProperty(globalThis, '__guest', { value: { start, warm }, configurable: true });
