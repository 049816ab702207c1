import { type Isolation, Language } from '@toolmesh/shared/contracts/execution';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { type ServiceProcess, startServiceProcess, type User } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import type { HostileProgram } from './corpus.ts';
import { createHost, type Host } from './host.ts';
import { faultsOf, type Run } from './judge.ts';
import { NO_INDEX } from './packages.ts';
import { commandOf, cpuMs, descendantsOf, processesNaming, residentMb, settles } from './processes.ts';

/** The way to start the service: the isolation that Python must get, and the user. */
export interface Setting {
  readonly name: string;
  readonly isolation: Isolation;
  readonly user: User;
  /** In a commit's run every so many of the programs in Python: their interpreter is that of another setting. */
  readonly everyNth?: number;
  /** More settings of the service. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Services to try programs on, each with one program at a time, so that what one leaves behind is known to be its. */
export interface Harness {
  /** Of one of the services. */
  readonly url: string;
  /** Runs all programs that the setting has an expectation for; returns the faults of each, by name. */
  tryAll(programs: readonly HostileProgram[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Memory and time of the workers of that one. */
  usage(): { readonly memoryMb: number; readonly cpuMs: number };
  /** Lists what has changed about the services since they were started. */
  changes(): Promise<readonly string[]>;
  /** @throws Error when something outlives the services */
  close(): Promise<void>;
}

/** One of the services, and what it is like while nothing runs. */
interface Lane {
  readonly service: ServiceProcess;
  /** Those that it started with. */
  readonly processes: readonly string[];
  /** The number of those that are no fault: as many as there were, and what earlier programs were blamed for. */
  known: number;
  readonly memoryMb: number;
  readonly workersMb: number;
}

const START = new URL('./start-in-folder.ts', import.meta.url);
/** Results of programs and files of sessions, which are kept under names that no program has chosen. */
const KEPT =
  /\/packages\/(?:views(?:\/\d+-[\da-f-]{36}(?:\/\d+)?)?|files(?:\/file_[\w-]{22}(?:\.json)?)?|workspaces(?:\/[\w-]{43}(?:\/(?:[\w-]{22}|workspace\.json))?)?)$/;
/** Matches the metrics while a worker is being started: one with libraries takes long. */
const STARTING = /^sandbox_workers\{[^}]*state="starting"\} [1-9]/m;
/** A service in want of places keeps fewer warm workers for five seconds. */
const STILL_MS = 7_000;
/** More than are warm at rest and run in turn: else each program would end a warm worker of others. */
const MAX_WORKERS = 8;
/** Where workers are slow to start, more are kept warm after bursts: but for so little memory that none are. */
const STEADY = { MIN_WORKERS: '2', SANDBOX_MEMORY_MB: '2100' };
const LANES = 3;
/** Time within which nothing may be left of a program: at once, but for busy machines. */
const SETTLE_MS = 60_000;
/** A worker that is gone is replaced a moment later: what is at rest stays so for two polls. */
const LOOKS = 2;
const GROWTH_MB = 64;

const GREETINGS: Partial<Record<Language, string>> = {
  python: 'print("next")',
  javascript: 'console.log("next")',
  typescript: 'console.log("next")',
  bash: 'echo next',
};

export async function openHarness(setting: Setting): Promise<Harness> {
  const host = createHost(setting.user);
  const opened = await Promise.allSettled(Array.from({ length: LANES }, () => openLane(setting, host)));
  const lanes = opened.flatMap((lane) => (lane.status === 'fulfilled' ? [lane.value] : []));
  const failed = opened.find((lane) => lane.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(lanes.map(({ service }) => service.stop()));
    host.remove();
    throw failed.reason;
  }
  const [first] = lanes;
  if (first === undefined) throw new Error('a harness has at least one lane');
  const contents = new Set(host.contents());

  /** Orphaned processes of ours. */
  const strays = (): readonly number[] => {
    const known = new Set(lanes.flatMap(({ service: { pid } }) => [pid, ...descendantsOf(pid)]));
    return processesNaming(host.root).filter((pid) => !known.has(pid));
  };
  /** Lists what there is too much or too little of, once that no longer changes; nothing while it is at rest. */
  const unrest = async (lane: Lane): Promise<readonly string[]> => {
    const isAtRest = () => descendantsOf(lane.service.pid).length === lane.known;
    const isQuiet = await settles(isAtRest, SETTLE_MS, LOOKS);
    const isAlone = await settles(() => strays().length === 0, SETTLE_MS);
    if (isQuiet && isAlone) return [];
    const now = descendantsOf(lane.service.pid);
    // The next programs are not to blame, nor to wait for it.
    lane.known = now.length;
    const commands = now.map(commandOf);
    return [
      ...surplus(commands, lane.processes).map((command) => `a process is left: ${command}`),
      ...surplus(lane.processes, commands).map((command) => `a process is gone: ${command}`),
      ...strays().map((pid) => `a process is left that is no worker's: ${commandOf(pid)}`),
    ];
  };

  const tryOne = async (lane: Lane, program: HostileProgram, greet: boolean): Promise<readonly string[]> => {
    const expected = program.expectedUnder(isolationOf(program, setting));
    if (expected === undefined) return [];
    const runs = await runAll(lane.service, program);
    const next = greet ? await greeting(lane.service, program.language) : 'next\n';
    const left = await unrest(lane);
    const outputs = new Set(runs.map(({ answer }) => answer.body.stdout));
    return [
      ...runs.flatMap((run) => faultsOf(run, { program, expected, canaries: host.canaries })),
      ...(next === 'next\n' ? [] : [`the next program was answered ${JSON.stringify(next)}`]),
      ...left,
      ...host.newStrays().map((stray) => `${stray} is left on the host`),
      ...(program.distinct && outputs.size < runs.length ? [`printed the same twice: ${[...outputs].join()}`] : []),
    ];
  };

  return {
    url: first.service.url,
    async tryAll(programs) {
      const faults = new Map<string, readonly string[]>();
      const work = async (lane: Lane, queue: HostileProgram[]) => {
        for (let program = queue.shift(); program !== undefined; program = queue.shift()) {
          // Where it takes long to start a worker, the next program of the corpus has to do for the next program.
          const greet = setting.isolation !== 'wasm' || queue.length < LANES;
          faults.set(program.name, await tryOne(lane, program, greet));
        }
      };
      const shared = programs.filter(({ alone }) => !alone);
      await Promise.all(lanes.map((lane) => work(lane, shared)));
      await work(
        first,
        programs.filter(({ alone }) => alone),
      );
      return faults;
    },
    usage() {
      const workers = descendantsOf(first.service.pid);
      const sum = (measure: (pid: number) => number) => workers.reduce((total, pid) => total + measure(pid), 0);
      return { memoryMb: sum(residentMb) - first.workersMb, cpuMs: sum(cpuMs) };
    },
    async changes() {
      const left = await Promise.all(lanes.map(unrest));
      const grown = lanes.map(({ service, memoryMb }) => residentMb(service.pid) - memoryMb);
      return [
        ...left.flat(),
        ...grown.filter((mb) => mb > GROWTH_MB).map((mb) => `the service has grown by ${Math.round(mb)} MiB`),
        ...host.contents().flatMap((path) => (contents.has(path) || KEPT.test(path) ? [] : [`${path} is left`])),
      ];
    },
    async close() {
      const workers = lanes.flatMap(({ service }) => descendantsOf(service.pid));
      await Promise.all(lanes.map(({ service }) => service.stop()));
      const isOver = await settles(() => strays().length === 0, SETTLE_MS);
      const survivors = isOver ? [] : [...workers, ...strays()].map(commandOf);
      host.remove();
      if (!isOver) throw new Error(`processes outlive the service: ${survivors.join(', ')}`);
    },
  };
}

/** Returns the isolation of a program's language under a setting. */
export const isolationOf = ({ language }: HostileProgram, { isolation }: Setting): Isolation =>
  language === 'python' || isolation === 'namespaces' ? isolation : 'isolate';

async function openLane({ isolation, user, env: own = {} }: Setting, host: Host): Promise<Lane> {
  const limits = { MAX_WORKERS: String(MAX_WORKERS), MIN_WORKERS: '1', ...(isolation === 'wasm' ? STEADY : {}) };
  const env = { ...host.env, ...NO_INDEX, ...limits, SANDBOX_ISOLATION: isolation, ...own };
  const service = await startServiceProcess(START, env, user);
  await until(async () => (await request(`${service.url}/ready`)).status === 200);
  await warmUp(service);
  await until(async () => !STARTING.test((await request(`${service.url}/metrics`)).body));
  await untilStill(service.pid);
  const pids = descendantsOf(service.pid);
  const workersMb = pids.reduce((total, pid) => total + residentMb(pid), 0);
  const processes = pids.map(commandOf);
  return { service, processes, known: processes.length, memoryMb: residentMb(service.pid), workersMb };
}

/** Lists what is in `all` more often than in `some`. */
function surplus(all: readonly string[], some: readonly string[]): readonly string[] {
  const rest = [...some];
  return all.filter((command) => {
    const at = rest.indexOf(command);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

/** The first requests bring code and buffers into memory that stay there: small programs, and the largest result. */
async function warmUp(service: ServiceProcess): Promise<void> {
  const { body } = await request(`${service.url}/health`);
  for (const language of Language.options.filter((name) => name in GREETINGS && name in body.isolation)) {
    const output = await greeting(service, language);
    if (output !== 'next\n') throw new Error(`the service does not run ${language}: ${JSON.stringify(output)}`);
  }
  const code = 'with open("large", "wb") as file: file.write(bytes(7 * 2**20))';
  for (let i = 0; i < 3; i += 1) await post(`${service.url}/execute`, { code });
}

/** Returns the output of a harmless program, or what came instead. */
async function greeting({ url }: ServiceProcess, language: Language): Promise<unknown> {
  const { body } = await post(`${url}/execute`, { language, code: GREETINGS[language] });
  return body.stdout ?? body;
}

/** Resolves once the number of a service's processes has stayed the same for a while. */
async function untilStill(pid: number): Promise<void> {
  let count = -1;
  let since = performance.now();
  await until(() => {
    const now = descendantsOf(pid).length;
    if (now !== count) since = performance.now();
    count = now;
    return performance.now() - since > STILL_MS;
  });
}

async function runAll(service: ServiceProcess, { request: body, runs, together }: HostileProgram) {
  const runOnce = async (): Promise<Run> => {
    const started = performance.now();
    const answer = await post(`${service.url}/execute`, body);
    return { answer, wallMs: performance.now() - started };
  };
  if (together) return Promise.all(Array.from({ length: runs }, runOnce));
  const all: Run[] = [];
  for (let i = 0; i < runs; i += 1) all.push(await runOnce());
  return all;
}
