import type { ProgramToolCall } from '@toolmesh/shared/contracts/execution';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { PackageView } from '../packages/store/views.ts';
import type { Cgroup, CgroupRun, Cgroups } from '../jail/cgroup.ts';
import { begin, type Conversation, type Exit, type Likes, type WorkerStart } from './conversation.ts';
import { createFileReceiver, type FileSink, type FileToSend, sendFiles } from './file-frames.ts';
import { collectDisplays, type DisplayChunk, type Displays } from './displays.ts';
import { untilTimeIsOver } from './fair-time.ts';
import { type Frame, jsonPayload } from './frames.ts';
import { type CappedText, createOutputBuffer } from './output-buffer.ts';
import { type IdleMemory, openProcessUsage, type ProcessUsage, readIdleMemory, watchMemory } from './process-usage.ts';
import { ARTIFACT_LIMITS, Ready, Report, type WorkerProgram } from './protocol.ts';

export interface RunOptions {
  readonly timeoutMs: number;
  /** Of standard output and of standard error, each. */
  readonly outputBytes: number;
  readonly signal: AbortSignal;
  readonly onOutput?: OutputListener | undefined;
  /** Files that the program finds. */
  readonly files?: readonly FileToSend[];
  /** Takes the files that the program leaves. Default: nobody does. */
  readonly sink?: FileSink | undefined;
  /** Takes what the program says to tools, and answers it; false ends the process. Default: nobody answers. */
  readonly onCall?: CallListener | undefined;
}

/** Receives a payload of a frame `call`, and answers with one of a frame `answer`, at once or later. */
export type CallListener = (payload: Buffer, answer: (payload: Buffer) => void) => boolean;

/** The end of a run, as the service saw it. */
export type Ending =
  | {
      readonly kind: 'report';
      readonly report: Report;
      /** The reason for which it was interrupted. */
      readonly stopped?: 'timeout' | 'out_of_memory';
      /** After a timeout, the time for which no processor was free: it was given that besides. */
      readonly waitedMs?: number;
    }
  | { readonly kind: 'timeout'; readonly waitedMs: number }
  | { readonly kind: 'out_of_memory' }
  | ({ readonly kind: 'crash' } & Exit);

export interface Run {
  readonly ending: Ending;
  readonly stdout: CappedText;
  readonly stderr: CappedText;
  readonly shown: Displays;
  readonly durationMs: number;
  readonly cpuMs: number;
  /** The most memory seen above that of the idle worker. */
  readonly peakMemoryBytes: number;
}

/** Output of a running program; a flood arrives with gaps. */
export type OutputChunk =
  | { readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | DisplayChunk
  | ToolCallChunk;
/** A tool call of the program, as it begins and as it ends. */
export interface ToolCallChunk {
  readonly stream: 'tool_call';
  readonly text: string;
  readonly name: string;
  readonly status: ProgramToolCall['status'] | 'running';
  readonly duration_ms?: number;
}
export type OutputListener = (chunk: OutputChunk) => void;

/** A warm process that runs one program, or those of one session, and is then killed. */
export interface WorkerProcess {
  readonly version: string;
  /** The packages that it sees, to which more can be added; absent where none can. */
  readonly view?: PackageView;
  /** Resolves when the process is gone. */
  readonly gone: Promise<Exit>;
  /**
   * Runs one program. The process is killed afterwards, unless its state is kept and the program reported its end.
   * @throws what `signal` was aborted with; the process is killed then, too.
   */
  run(program: WorkerProgram, options: RunOptions): Promise<Run>;
  kill(): void;
  /** Returns the resident memory of its processes now, in bytes. */
  residentBytes(): number;
  /** Returns true once it has been killed or has ended: it takes no further program. */
  isOver(): boolean;
}

/** Memory of the runtime besides the program's own: room for the collector, compiled code. */
const MEMORY_SLACK_BYTES = 64 * 1_024 ** 2;
/** Files of a jail, in its three folders, which are no part of the program's memory but of its control group's. */
const FILES_BYTES = 3 * 64 * 1_024 ** 2;
/** The time in which a worker that is about to be killed has to pass on its last output. */
const FLUSH_MS = 100;
/** The time in which a worker that interrupts its program has to report, with the files that it reads meanwhile. */
const INTERRUPT_MS = 350;
/** The most that it gets besides while no processor is free for it. */
const INTERRUPT_WAITED_MS = 3_000;
/** The time in which a program's files have to come once it has ended. */
const COLLECT_MS = 10_000;
/** Matches what V8 prints when it gives up for lack of memory rather than for a bug. */
const OUT_OF_MEMORY = /out of memory|invalid size error|allocation failed/i;

export interface WorkerStartOptions {
  /** Makes a control group for the worker; absent where there are none. */
  readonly cgroups?: Cgroups | undefined;
  readonly startTimeoutMs?: number;
}

/** Starts one worker and waits until it is warm. @throws MeshError unavailable when that takes too long or fails. */
export async function startWorker(
  start: WorkerStart,
  { cgroups, startTimeoutMs = 30_000 }: WorkerStartOptions = {},
): Promise<WorkerProcess> {
  const { conversation, group } = await beginOrFail(start, cgroups);
  try {
    const { version, can_interrupt: canInterrupt = false } = await untilReady(conversation, startTimeoutMs);
    const usage = openProcessUsage(conversation.pid ?? 0);
    const { memory: idle, cpuMs } = idleFigures(conversation, usage);
    const warm = { conversation, group, usage, canInterrupt, idle, cpuMs };
    return {
      version,
      gone: conversation.gone,
      kill: conversation.kill,
      residentBytes: usage.rssBytes,
      isOver: conversation.isOver,
      run: (program, options) => runProgram(warm, program, options),
    };
  } catch (cause) {
    conversation.kill();
    throw didNotStart(cause);
  }
}

/** Reads what an idle worker has used, once for all that are forked like it: for each it would cost more than its start. */
function idleFigures({ likes }: Conversation, usage: ProcessUsage): NonNullable<Likes['idle']> {
  const idle = likes?.idle ?? { memory: readIdleMemory(usage), cpuMs: usage.cpuMs() };
  if (likes !== undefined) likes.idle = idle;
  return idle;
}

/** Starts a worker in a control group of its own, which is removed when the worker is gone. */
async function beginOrFail(start: WorkerStart, cgroups: Cgroups | undefined) {
  let group: Cgroup | undefined;
  try {
    group = cgroups?.create();
    const conversation = await begin(start, group);
    void conversation.gone.then(() => group?.remove());
    return { conversation, group };
  } catch (cause) {
    void group?.remove();
    throw didNotStart(cause);
  }
}

const didNotStart = (cause: unknown): MeshError =>
  new MeshError('unavailable', 'A worker of the sandbox did not start', { cause });

async function untilReady({ onFrame, gone, stderrTail }: Conversation, timeoutMs: number): Promise<Ready> {
  const answered = new AbortController();
  const first = await Promise.race([
    new Promise<Frame>(onFrame),
    gone,
    sleep(timeoutMs, undefined, { signal: answered.signal }),
  ]);
  answered.abort();
  if (first !== undefined && 'kind' in first && first.kind === 'ready') {
    return Ready.parse(JSON.parse(first.payload.toString()));
  }
  throw new Error(`${first === undefined ? `not ready after ${timeoutMs} ms` : 'it ended'}: ${stderrTail()}`);
}

interface WarmWorker {
  readonly conversation: Conversation;
  readonly group: Cgroup | undefined;
  readonly usage: ProcessUsage;
  readonly canInterrupt: boolean;
  /** Memory of its processes before their first program. */
  readonly idle: IdleMemory;
  /** Processor time that they had used then, or when the latest program ended. */
  cpuMs: number;
}

async function runProgram(warm: WarmWorker, program: WorkerProgram, options: RunOptions): Promise<Run> {
  const { conversation, group, usage, idle } = warm;
  const { signal, files = [] } = options;
  const over = new AbortController();
  const received = receive(conversation, options);
  if (files.length > 0)
    await untilAborted(signal, () => sendFiles(conversation, files)).catch(killAndThrow(conversation));
  const started = performance.now();
  const counted = countMemory(group, program);
  conversation.send('program', jsonPayload(program));
  const memory = watchMemory(usage, idle, program.memory_bytes + MEMORY_SLACK_BYTES);
  let kept = false;
  try {
    const watched = { received, counted, memory, over: over.signal };
    const ending = await untilAborted(signal, () => untilEnded(warm, watched, options.timeoutMs));
    const durationMs = performance.now() - started;
    await received.files.finish();
    kept = program.keep && ending.kind === 'report' && ending.report.over !== true;
    const report = ending.kind === 'report' ? ending.report : undefined;
    return {
      ending,
      stdout: received.stdout.read(),
      stderr: received.stderr.read(),
      shown: received.displays.read(),
      durationMs,
      // A process that is gone has taken its figures with it.
      cpuMs: report?.cpu_ms ?? Math.max(0, usage.cpuMs() - warm.cpuMs),
      peakMemoryBytes: Math.max(report?.peak_memory_bytes ?? memory.peakBytes(), counted.peakBytes()),
    };
  } finally {
    if (kept) warm.cpuMs = usage.cpuMs();
    else conversation.kill();
    over.abort();
    memory.stop();
  }
}

const killAndThrow =
  ({ kill }: Conversation) =>
  (error: unknown): never => {
    kill();
    throw error;
  };

/** The signs of a program's end. */
interface Watched {
  readonly received: ReturnType<typeof receive>;
  readonly counted: CgroupRun;
  readonly memory: ReturnType<typeof watchMemory>;
  /** Ends all waiting. */
  readonly over: AbortSignal;
}

/** Waits until a program has ended, or has to: then it is interrupted where that can be, so that it can still report. */
async function untilEnded(warm: WarmWorker, watched: Watched, timeoutMs: number): Promise<Ending> {
  const { conversation } = warm;
  const { received, counted, memory, over } = watched;
  const after = (ms: number) => sleep(ms, undefined, { signal: over });
  // Files that come say that the program has ended.
  const late = async (): Promise<Ending> => {
    const { usage, cpuMs: cpuMsBefore } = warm;
    const waitedMs = await untilTimeIsOver({ usage, cpuMsBefore, timeoutMs, sleep: after });
    if (received.isCollecting()) await after(COLLECT_MS);
    return { kind: 'timeout', waitedMs };
  };
  const ending = await Promise.race<Ending>([
    received.report.then((report) => ({ kind: 'report', report })),
    memory.exceeded.then(() => ({ kind: 'out_of_memory' })),
    late(),
    conversation.gone.then((exit) => endingOf(exit, conversation.stderrTail(), counted)),
  ]);
  if (ending.kind !== 'timeout' && ending.kind !== 'out_of_memory') return ending;
  if (!warm.canInterrupt) {
    conversation.send('flush');
    await Promise.race([received.flushed, conversation.gone, after(FLUSH_MS)]);
    return ending;
  }
  return interrupt(warm, watched, ending);
}

/** Has a worker interrupt its program, and waits for the report: as fair as the time that the program had. */
async function interrupt(
  { conversation, usage }: WarmWorker,
  { received, over }: Watched,
  ending: Extract<Ending, { kind: 'timeout' | 'out_of_memory' }>,
): Promise<Ending> {
  const { kind: stopped } = ending;
  const started = performance.now();
  const isLate = untilTimeIsOver({
    usage,
    cpuMsBefore: usage.cpuMs(),
    timeoutMs: INTERRUPT_MS,
    mostMs: INTERRUPT_WAITED_MS,
    sleep: (ms) => sleep(ms, undefined, { signal: over }),
  });
  conversation.send('interrupt', jsonPayload({ kill: stopped === 'out_of_memory' }));
  const report = await Promise.race([received.report, Promise.race([isLate, conversation.gone]).then(() => undefined)]);
  const moreMs = Math.max(0, performance.now() - started - INTERRUPT_MS);
  const waited = ending.kind === 'timeout' ? { waitedMs: ending.waitedMs + moreMs } : {};
  return report === undefined ? { ...ending, ...waited } : { kind: 'report', report, stopped, ...waited };
}

/** Has the kernel count the memory of a run, where it can. */
const countMemory = (group: Cgroup | undefined, { memory_bytes }: WorkerProgram): CgroupRun =>
  group?.begin(memory_bytes + MEMORY_SLACK_BYTES + FILES_BYTES) ?? NOT_COUNTED;

const NOT_COUNTED: CgroupRun = { isOutOfMemory: () => false, peakBytes: () => 0 };

/** Collects the frames of a worker while its program runs. An invalid report counts as a crash. */
function receive({ onFrame, send, kill }: Conversation, options: RunOptions) {
  const { outputBytes, onOutput = () => {}, onCall = () => true, sink = NO_SINK } = options;
  const answer = (payload: Buffer) => send('answer', payload);
  const stdout = createOutputBuffer(outputBytes);
  const stderr = createOutputBuffer(outputBytes);
  const writers = {
    stdout: outputWriter(stdout, (text) => onOutput({ stream: 'stdout', text })),
    stderr: outputWriter(stderr, (text) => onOutput({ stream: 'stderr', text })),
  };
  const displays = collectDisplays(onOutput);
  const report = Promise.withResolvers<Report>();
  const flushed = Promise.withResolvers<void>();
  const files = createFileReceiver(sink, { count: ARTIFACT_LIMITS.workspace_count, bytes: ARTIFACT_LIMITS.bytes });
  let isCollecting = false;
  onFrame((frame) => {
    const { kind, payload } = frame;
    if (kind === 'stdout' || kind === 'stderr') writers[kind](payload);
    else if (kind === 'display') displays.take(payload);
    else if (kind === 'flushed') flushed.resolve();
    else if (kind === 'file' || kind === 'data') {
      isCollecting = true;
      const taken = files.take(frame);
      if (taken === undefined) kill();
      return taken;
    } else if (kind === 'call') {
      if (!onCall(payload, answer)) kill();
    } else if (kind === 'report') {
      const parsed = parseReport(payload);
      if (parsed === undefined) kill();
      else report.resolve(withMemoryError(parsed, stderr));
    }
    return undefined;
  });
  return {
    stdout,
    stderr,
    displays,
    files,
    isCollecting: () => isCollecting,
    report: report.promise,
    flushed: flushed.promise,
  };
}

const NO_SINK: FileSink = { begin: async () => {}, write: async () => {}, end: async () => {} };

const POSITION_BYTES = 8;

function outputWriter(output: ReturnType<typeof createOutputBuffer>, onText: (text: string) => void) {
  // Half a character at the end of one piece is completed by the next.
  const decoder = new TextDecoder();
  return (payload: Buffer): void => {
    if (payload.length < POSITION_BYTES) return;
    const bytes = payload.subarray(POSITION_BYTES);
    output.write(payload.readDoubleLE(0), bytes);
    const text = decoder.decode(bytes, { stream: true });
    if (text !== '') onText(text);
  };
}

function parseReport(payload: Buffer): Report | undefined {
  try {
    return Report.parse(JSON.parse(payload.toString()));
  } catch {
    return undefined;
  }
}

/** Signals by which an engine ends its process when it has no memory left. */
const GIVES_UP_BY = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL']);

function withMemoryError(report: Report, stderr: ReturnType<typeof createOutputBuffer>): Report {
  const gaveUp = report.signal !== null && GIVES_UP_BY.has(report.signal) && OUT_OF_MEMORY.test(stderr.read().text);
  return gaveUp ? { ...report, out_of_memory: true } : report;
}

function endingOf(exit: Exit, stderrTail: string, counted: CgroupRun): Ending {
  if (exit.isOfLauncher === true) {
    throw new MeshError('unavailable', 'The process that workers are forked from has ended, and the program with it');
  }
  return counted.isOutOfMemory() || OUT_OF_MEMORY.test(stderrTail)
    ? { kind: 'out_of_memory' }
    : { kind: 'crash', ...exit };
}
