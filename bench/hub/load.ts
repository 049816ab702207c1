import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../figures.ts';
import { cpuMicroseconds } from '../processes.ts';

/** The figures of one round. */
export interface Figures {
  /** Milliseconds that callers waited. */
  readonly p50: number;
  readonly p99: number;
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds of processor time that the measured process spent on a call. */
  readonly cpu: number;
}

export interface Target {
  readonly call: () => Promise<void>;
  /** The process whose processor time counts. */
  readonly pid: number;
}

/** Runs callers that each wait for their answer before they call again. */
export function closedLoop({ call, pid }: Target, { seconds, callers }: { seconds: number; callers: number }) {
  return measure(pid, async (times) => {
    const until = performance.now() + seconds * 1_000;
    const caller = async () => {
      while (performance.now() < until) times.push(await timed(call));
    };
    await Promise.all(Array.from({ length: callers }, caller));
  });
}

/** Calls at an even pace, whether or not earlier answers have come. */
export function evenLoad({ call, pid }: Target, { seconds, rate }: { seconds: number; rate: number }) {
  return measure(pid, async (times) => {
    const answers: Promise<unknown>[] = [];
    const started = performance.now();
    while (answers.length < rate * seconds) {
      const due = Math.min(rate * seconds, Math.floor(((performance.now() - started) * rate) / 1_000));
      while (answers.length < due) answers.push(timed(call).then((time) => times.push(time)));
      await sleep(1);
    }
    await Promise.all(answers);
  });
}

async function timed(call: () => Promise<void>): Promise<number> {
  const sent = performance.now();
  await call();
  return performance.now() - sent;
}

async function measure(pid: number, run: (times: number[]) => Promise<void>): Promise<Figures> {
  const times: number[] = [];
  const before = cpuMicroseconds(pid);
  const started = performance.now();
  await run(times);
  const rate = times.length / ((performance.now() - started) / 1_000);
  const cpu = (cpuMicroseconds(pid) - before) / 1_000 / times.length;
  return { p50: percentile(times, 50), p99: percentile(times, 99), rate, cpu };
}
