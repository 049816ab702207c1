import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import ivm from 'isolated-vm';
import type { InterpreterProgram, InterpreterReport } from '../../workers/serve-worker.ts';
import { createIsolate, handOver, type Isolated, preludeSource, sharedPrelude } from '../isolate/isolate.ts';
import { createOutputRing, type OutputRing } from '../isolate/output-ring.ts';
import type { LocatePackageFile } from './package-files.ts';

const MIB = 1_024 ** 2;

/** The memory that a warm isolate is made for; a program with another limit gets an isolate of its own. */
export const WARM_MEMORY_BYTES = 512 * MIB;
/** Heap that the prelude takes, in MiB. */
const PRELUDE_MB = 16;

/** As Web Crypto has it. */
const MAX_RANDOM_BYTES = 65_536;

const preludeFile = (name: string): URL => new URL(`./prelude/${name}`, import.meta.url);

const { resolve } = createRequire(import.meta.url);

/** The CommonJS build of a package as an expression for the prelude. */
function vendored(name: string): string {
  const code = readFileSync(resolve(name), 'utf8');
  return `(() => { const module = { exports: {} }; const exports = module.exports;\n${code}\nreturn module.exports; })()`;
}

/** Globals that the prelude uses: a program of a session may give its variables such names. */
const LANGUAGE = [
  'Array ArrayBuffer Atomics BigInt Boolean DataView Date Error Function Int32Array JSON Map Math',
  'Number Object Promise Proxy RangeError Reflect RegExp Set SharedArrayBuffer String Symbol',
  'SyntaxError TypeError Uint8Array WeakMap WeakSet',
].flatMap((names) => names.split(' '));

const PRELUDE_FILES = [
  'program.js',
  'session-scope.js',
  'constants.js',
  'es-module.js',
  'module-scope.js',
  'common-js.js',
  'modules.js',
  'failure.js',
  'file-tree.js',
  'file-system.js',
  'console-table.js',
  'console.js',
  'globals.js',
  'entry.js',
];

function source(): string {
  return [
    `const { ${LANGUAGE.join(', ')} } = globalThis; const indirectEval = eval;`,
    sharedPrelude(),
    // The inspector asks whether what it shows is one.
    'const URL = class {};',
    `const acorn = ${vendored('acorn')};`,
    `const inspector = ${vendored('node-inspect-extracted')};`,
    preludeSource(PRELUDE_FILES.map(preludeFile)),
  ].join('\n');
}

/** `fileName` is how tracebacks name it. */
export interface JavaScriptProgram extends InterpreterProgram {
  readonly fileName: string;
}

/** Without packages, nothing is found. */
const locateNothing: LocatePackageFile = () => ({ refusal: '', code: 'MODULE_NOT_FOUND', packages: [] });

/** Makes an isolate that runs one program, or those of a session one after the other. */
export async function createJavaScriptInterpreter(memoryBytes: number, locate: LocatePackageFile = locateNothing) {
  const made = await createIsolate(Math.ceil(memoryBytes / MIB) + PRELUDE_MB);
  const stdout = createOutputRing();
  const stderr = createOutputRing();
  const left = Promise.withResolvers<InterpreterReport>();
  const { call, abandon } = await loadPrelude(made, { stdout, stderr, locate, leave: left.resolve });

  const run = async (program: JavaScriptProgram): Promise<InterpreterReport> => {
    const report = await call('run', program).catch(abandon);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the service checks every report it is sent
    return report as InterpreterReport;
  };
  return {
    stdout,
    stderr,
    /** Runs a program of ours, of which nothing is left. */
    rehearse: async (): Promise<InterpreterReport> => {
      const report = await run({ ...REHEARSAL, memoryBytes });
      await call('forget', undefined);
      return report;
    },
    /** Runs one program; the next only after that, in what the one before has left. */
    run: (program: JavaScriptProgram): Promise<InterpreterReport> => {
      stdout.restart();
      stderr.restart();
      return Promise.race([made.settle(run(program)), left.promise]);
    },
  };
}

const REHEARSAL = {
  fileName: 'main.js',
  language: 'javascript',
  code: '1 + 1',
  stdin: new Uint8Array(),
  files: [],
  keep: false,
  artifactLimits: { count: 0, workspace_count: 0, bytes: 0, path_chars: 0 },
};

interface PreludeParts {
  readonly stdout: OutputRing;
  readonly stderr: OutputRing;
  readonly locate: LocatePackageFile;
  /** Receives the report of a program that ends its process. */
  readonly leave: (report: InterpreterReport) => void;
}

const copied = <Value>(value: Value) => new ivm.ExternalCopy(value).copyInto({ release: true });

/** Runs the prelude in the isolate and returns how to call its functions. */
async function loadPrelude({ isolate, context }: Isolated, { stdout, stderr, locate, leave }: PreludeParts) {
  const schedule = (id: number, ms: number) => {
    setTimeout(() => void fire(id), ms);
  };
  const prelude = await context.evalClosure(
    source(),
    [
      handOver(stdout.memory),
      handOver(stderr.memory),
      new ivm.Callback(schedule, { ignored: true }),
      new ivm.Callback(leave, { ignored: true }),
      new ivm.Callback((...asked: Parameters<LocatePackageFile>) => copied(locate(...asked))),
      new ivm.Callback((count: number) => copied(randomBytes(Math.min(count, MAX_RANDOM_BYTES)).buffer)),
    ],
    { result: { reference: true } },
  );
  const call = (name: string, argument: unknown): Promise<unknown> =>
    prelude
      .getSync(name, { reference: true })
      .apply(undefined, [argument], { arguments: { copy: true }, result: { copy: true, promise: true } });
  /** The engine rejects a call of ours when a promise of the program was rejected in it without a handler. */
  const abandon = (cause: unknown): Promise<unknown> => {
    if (isolate.isDisposed || !Error.isError(cause)) throw cause;
    const { name, message, stack = '' } = cause;
    return call('abandon', { name, message, stack });
  };
  const fire = async (id: number): Promise<void> => {
    if (isolate.isDisposed) return;
    await call('fire', id)
      .catch(abandon)
      .catch(() => {});
  };
  return { call, abandon };
}
