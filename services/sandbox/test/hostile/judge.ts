import { ExecutionResult, mostWaitedMs } from '@toolmesh/shared/contracts/execution';
import type { Answer } from '@toolmesh/shared/test-kit/requests';
import type { Expectation, HostileProgram } from './corpus.ts';

/** Time beyond its own that a program may take by the service's clock (contract, section 5). */
const GRACE_MS = 500;
/** The same by our clock, which also counts the wait for a worker on a machine that others use. */
const HTTP_GRACE_MS = 10_000;

export interface Run {
  readonly answer: Answer;
  readonly wallMs: number;
}

export interface Verdict {
  readonly program: HostileProgram;
  readonly expected: Expectation;
  /** Texts of the host that no result may show. */
  readonly canaries: readonly string[];
}

/** Lists what is wrong with a run, in sentences; nothing where it is as it must be. */
export function faultsOf({ answer, wallMs }: Run, { program, expected, canaries }: Verdict): readonly string[] {
  const { timeout_ms } = program.request;
  const parsed = ExecutionResult.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success) {
    return [`was answered ${answer.status}: ${JSON.stringify(answer.body).slice(0, 500)}`];
  }
  const timeMs = timeGiven(parsed.data, timeout_ms);
  return [
    ...faultsOfResult(parsed.data, expected),
    ...faultsOfText(JSON.stringify(answer.body), parsed.data, canaries),
    ...faultsOfCost(parsed.data, timeMs),
    ...(wallMs <= timeMs + HTTP_GRACE_MS ? [] : [`was answered after ${Math.round(wallMs)} ms`]),
  ];
}

function faultsOfResult(result: ExecutionResult, expected: Expectation): readonly string[] {
  const paths = result.artifacts.map(({ path }) => path);
  const areOthers =
    expected.artifacts !== undefined && expected.artifacts.toSorted().join() !== paths.toSorted().join();
  return [
    ...(expected.statuses.includes(result.status) ? [] : [`ended as ${describe(result)}`]),
    ...(expected.stdout?.test(result.stdout) === false ? [`printed ${describe(result)}`] : []),
    ...paths.filter(isUnsafe).map((path) => `names an artifact ${JSON.stringify(path)}`),
    ...(areOthers ? [`left ${JSON.stringify(paths)}`] : []),
  ];
}

function faultsOfText(body: string, result: ExecutionResult, canaries: readonly string[]): readonly string[] {
  const shown = [body, ...result.artifacts.map(({ data = '' }) => atob(data))];
  const shows = (text: string) => shown.some((part) => part.includes(text));
  return [
    ...(shows('ESCAPED') ? [`says that it got out: ${describe(result)}`] : []),
    ...canaries.filter(shows).map((canary) => `shows ${canary} of the host: ${around(shown, canary)}`),
  ];
}

/** The time that a program was given for what it waited for a processor, as its error says; on a busy machine. */
export const waitedMs = ({ error }: Pick<ExecutionResult, 'error'>): number =>
  Number(/ another (\d+) ms in which no processor was free/.exec(error?.message ?? '')?.[1] ?? 0);

/**
 * Returns the time that a program had. One that ended by itself does not say what it was given for its waiting: that may be
 * up to the bound, unless it has used its time on a processor.
 */
function timeGiven(result: ExecutionResult, timeoutMs: number): number {
  if (result.status === 'timeout') return timeoutMs + waitedMs(result);
  return result.cpu_ms > timeoutMs ? timeoutMs : timeoutMs + mostWaitedMs(timeoutMs);
}

function faultsOfCost({ duration_ms, cpu_ms, peak_memory_bytes }: ExecutionResult, timeoutMs: number) {
  return [
    ...(duration_ms <= timeoutMs + GRACE_MS ? [] : [`took ${duration_ms} of its ${timeoutMs} ms`]),
    ...(cpu_ms >= 0 && peak_memory_bytes >= 0 ? [] : [`used ${cpu_ms} ms of CPU`]),
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
