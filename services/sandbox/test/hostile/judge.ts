import { ExecutionResult } from '@toolmesh/shared/contracts/execution';
import type { Answer } from '@toolmesh/shared/test-kit/requests';
import type { Expectation, HostileProgram } from './corpus.ts';

/** How much longer than its time a program may take by the service's clock (contract, section 5). */
const GRACE_MS = 500;
/** And by ours, which also counts the wait for a worker on a machine that others use. */
const HTTP_GRACE_MS = 10_000;

export interface Run {
  readonly answer: Answer;
  readonly wallMs: number;
}

/** What is wrong with a run, in sentences; nothing where it is as it must be. */
export function faultsOf(run: Run, program: HostileProgram, expected: Expectation, canaries: readonly string[]) {
  const { answer, wallMs } = run;
  const { timeout_ms } = program.request;
  const parsed = ExecutionResult.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success) {
    return [`was answered ${answer.status}: ${JSON.stringify(answer.body).slice(0, 500)}`];
  }
  const result = parsed.data;
  const shown = [JSON.stringify(answer.body), ...result.artifacts.map(({ data }) => atob(data))];
  const shows = (text: string) => shown.some((part) => part.includes(text));
  const paths = result.artifacts.map(({ path }) => path);
  return [
    ...(expected.statuses.includes(result.status) ? [] : [`ended as ${describe(result)}`]),
    ...(expected.stdout?.test(result.stdout) === false ? [`printed ${describe(result)}`] : []),
    ...(shows('ESCAPED') ? [`says that it got out: ${describe(result)}`] : []),
    ...canaries.filter(shows).map((canary) => `shows ${canary} of the host: ${around(shown, canary)}`),
    ...paths.filter(isUnsafe).map((path) => `names an artifact ${JSON.stringify(path)}`),
    ...(expected.artifacts !== undefined && expected.artifacts.toSorted().join() !== paths.toSorted().join()
      ? [`left ${JSON.stringify(paths)}`]
      : []),
    ...(result.duration_ms <= timeout_ms + GRACE_MS ? [] : [`took ${result.duration_ms} of its ${timeout_ms} ms`]),
    ...(result.cpu_ms >= 0 && result.peak_memory_bytes >= 0 ? [] : [`used ${result.cpu_ms} ms of CPU`]),
    ...(wallMs <= timeout_ms + HTTP_GRACE_MS ? [] : [`was answered after ${Math.round(wallMs)} ms`]),
  ];
}

const isUnsafe = (path: string): boolean =>
  path.startsWith('/') || path.includes('\0') || path.split('/').some((part) => ['', '.', '..'].includes(part));

function describe({ status, stdout, stderr, error, exit_code, signal }: ExecutionResult): string {
  const ends = (text: string) => (text.length > 600 ? `${text.slice(0, 300)} ... ${text.slice(-300)}` : text);
  return JSON.stringify({ status, exit_code, signal, stdout: ends(stdout), stderr: ends(stderr), type: error?.type });
}

function around(shown: readonly string[], canary: string): string {
  const part = shown.find((text) => text.includes(canary)) ?? '';
  const at = part.indexOf(canary);
  return part.slice(Math.max(0, at - 200), at + 200);
}
