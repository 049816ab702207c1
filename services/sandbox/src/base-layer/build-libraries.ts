import { ARCHIVE_LIMITS } from '../packages/archive/archive.ts';
import { inspectWheel } from '../packages/archive/wheel.ts';
import { Refusal } from '../packages/refusal.ts';
import { runProcess } from '../packages/resolve/run-process.ts';
import { createTreeWriter, discard, type WriteFile } from '../packages/store/tree-writer.ts';
import type { createDownloads, WantedWheel } from './downloads.ts';
import type { LockedPackage } from './lock.ts';
import { fitOf, type WheelTarget } from './wheel-tags.ts';

const COMPILE_TIMEOUT_MS = 900_000;

/** Tests of the libraries, which no program imports: a tenth of their size. */
const TESTS = /\/tests\//;

/** Unchecked: a set is never written again, so imports need not compare sources. All processors: it is a wait for someone. */
const COMPILE = ['-m', 'compileall', '-q', '-j', '0', '--invalidation-mode', 'unchecked-hash'];
/** compileall's exit code where some file is no Python after all, such as a template. */
const SOME_FAILED = 1;

/** Returns the wheel of each package that fits the interpreter best. @throws Refusal no_wheel */
export function chooseWheels(packages: readonly LockedPackage[], target: WheelTarget): readonly WantedWheel[] {
  return packages.map(({ name, version, wheels }) => {
    const fitting = wheels
      .map((wheel) => ({ wheel, fit: fitOf(wheel.file, target) ?? -1 }))
      .filter(({ fit }) => fit >= 0)
      .toSorted((a, b) => b.fit - a.fit);
    const [best] = fitting;
    if (best !== undefined) return { name, version, wheel: best.wheel };
    const { machine, libc, version: python } = target;
    throw new Refusal(
      'no_wheel',
      `${name} ${version} has no wheel for Python ${python} with ${libc[0]} ${libc.slice(1).join('.')} on ${machine}`,
    );
  });
}

export interface LibrariesOptions {
  readonly wanted: readonly WantedWheel[];
  readonly downloads: ReturnType<typeof createDownloads>;
  readonly python: string;
  readonly signal: AbortSignal;
  /** Called with parts of the work, which add up to 1. */
  readonly advance: (part: number) => void;
}

/** Parts of the work, by the time that they take. */
const [DOWNLOAD, UNPACK, COMPILED] = [0.5, 0.25, 0.25];

/** Downloads, unpacks and compiles the libraries of a set into `folder`. None of their code is run. */
export async function buildLibraries(folder: string, options: LibrariesOptions) {
  const { wanted, downloads, python, signal, advance } = options;
  const total = wanted.reduce((sum, { wheel }) => sum + wheel.bytes, 0);
  const writeTo = createTreeWriter(folder);
  const write: WriteFile = (target, content) => (TESTS.test(target) ? discard : writeTo)(target, content);
  let unpacked = 0;
  await Promise.all(
    wanted.map(async (one) => {
      const path = await downloads.fetch(one);
      advance((DOWNLOAD * one.wheel.bytes) / total);
      signal.throwIfAborted();
      const { unpackedBytes } = await inspectWheel(path, one, { limits: ARCHIVE_LIMITS, write });
      unpacked += unpackedBytes;
      advance((UNPACK * one.wheel.bytes) / total);
    }),
  );
  const command = [python, '-I', ...COMPILE, folder] as const;
  const run = { env: { PATH: '/usr/bin:/bin' }, cwd: folder, timeoutMs: COMPILE_TIMEOUT_MS, signal };
  const { exitCode, lastOutput } = await runProcess(command, run);
  if (exitCode !== 0 && exitCode !== SOME_FAILED) {
    throw new Refusal('install_failed', `compiling ended with ${exitCode ?? 'a signal'}: ${lastOutput.slice(-500)}`);
  }
  advance(COMPILED);
  return {
    packages: wanted.map(({ name, version }) => ({ name, version })),
    bytes: unpacked,
  };
}
