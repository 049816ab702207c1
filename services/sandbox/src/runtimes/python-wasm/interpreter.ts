import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import ivm from 'isolated-vm';
import type { InterpreterProgram, InterpreterReport } from '../../workers/serve-worker.ts';
import { type Guest, startGuest } from '../isolate/guest.ts';
import { createIsolate, handOver } from '../isolate/isolate.ts';
import { createOutputRing } from '../isolate/output-ring.ts';
import { MISSING_MODULES } from './missing-modules.ts';
import { loadPyodideAssets } from './pyodide-assets.ts';
import type { PackageFile } from './read-packages.ts';
import { timeZonesAsPython } from './time-zones.ts';

/** JavaScript's own memory around the interpreter; Python's objects live in WebAssembly's, which this does not count. */
const ISOLATE_MB = 512;

/** Modules of ours, each after those that it imports. */
const MODULES = ['program', 'hooks', 'display', 'plots', 'environment', 'notebook', 'magics', 'ipython'].map(
  (name) => `toolmesh_${name}`,
);
const MODULE_FILES = MODULES.map((name) => new URL(`../python/${name}.py`, import.meta.url));
const RUNNER_FILE = new URL('./runner.py', import.meta.url);
const ZONES_FILE = new URL('./zones.py', import.meta.url);

const textOf = (file: URL): string => readFileSync(file, 'utf8');

/** All code of ours that a saved memory depends on. */
export const snapshotIngredients = ({ script }: Guest): string =>
  [script, ...[...MODULE_FILES, RUNNER_FILE].map(textOf), zonesModule()].join('\n');

const zonesModule = (): string => `${timeZonesAsPython()}${textOf(ZONES_FILE)}`;

/** Pyodide in an isolate of its own: from the saved memory `snapshot` in about 0.15 s, without one in 1.5 s. */
export async function loadInterpreter(guest: Guest, snapshot?: ArrayBuffer) {
  const { isolate, context, settle } = await createIsolate(ISOLATE_MB);
  const stdout = createOutputRing();
  const stderr = createOutputRing();

  let onDisplay: (json: string) => void = () => {};

  const randomNumbers = (count: number) => new ivm.ExternalCopy(randomBytes(count).buffer).copyInto({ release: true });
  const functions = await startGuest({ isolate, context, guest }, [
    ['stdout', handOver(stdout.memory)],
    ['stderr', handOver(stderr.memory)],
    ['schedule', new ivm.Callback((id: number, ms: number) => setTimeout(() => void fire(id), ms), { ignored: true })],
    ['display', new ivm.Callback((json: unknown) => (typeof json === 'string' ? onDisplay(json) : undefined))],
    ['randomBytes', new ivm.Callback(randomNumbers)],
  ]);
  const method = (name: string) => functions.getSync(name, { reference: true });
  const fire = async (id: number) => {
    if (!isolate.isDisposed) method('fire').applyIgnored(undefined, [id]);
  };

  const assets = loadPyodideAssets();
  const define = async (script: string, filename: string) => {
    const compiled = await isolate.compileScript(script, { filename });
    return (await compiled.run(context, { reference: true })).derefInto({ release: true });
  };
  const files = filesOf(assets, snapshot);
  const transferList = [assets.wasm, assets.stdlib, ...(snapshot === undefined ? [] : [snapshot])];
  await method('load').apply(
    undefined,
    [
      await define(assets.moduleScript, 'pyodide.asm.js'),
      await define(assets.loaderScript, 'pyodide.js'),
      new ivm.ExternalCopy(files, { transferList }).copyInto({ release: true, transferIn: true }),
    ],
    { result: { promise: true } },
  );
  const call = async <Result>(name: string, args: unknown[] = []) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the service checks every report it is sent
    method(name).apply(undefined, args, { arguments: { copy: true }, result: { copy: true } }) as Promise<Result>;
  return {
    stdout,
    stderr,
    onDisplay: (listener: (json: string) => void) => {
      onDisplay = listener;
    },
    /** The interpreter's memory, to load others from. Only of one that was loaded without. */
    save: () => call<ArrayBuffer>('save'),
    /** Makes it ready for programs, which can import what is in `packages`; returns the version of Python. */
    start: (packages: readonly PackageFile[] = []) => call<string>('start', [MISSING_MODULES, packages]),
    /** Runs one program; the next only after that, in what the one before has left. */
    run: (program: InterpreterProgram) => {
      stdout.restart();
      stderr.restart();
      return settle(call<InterpreterReport>('run', [program]));
    },
  };
}

/** Returns what the interpreter is loaded from: its own files, ours, and the saved memory. */
function filesOf({ wasm, stdlib, lock }: ReturnType<typeof loadPyodideAssets>, snapshot: ArrayBuffer | undefined) {
  // What it was saved with, it has.
  if (snapshot !== undefined) return { wasm, stdlib, lock, modules: {}, snapshot };
  const modules = Object.fromEntries(MODULE_FILES.map((file, i) => [MODULES[i], textOf(file)]));
  const runner = { toolmesh_runner: textOf(RUNNER_FILE), toolmesh_zones: zonesModule() };
  return { wasm, stdlib, lock, modules: { ...modules, ...runner } };
}
