import { access, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadFile } from './attempt.ts';
import { ARCHIVE_LIMITS } from '../archive/archive.ts';
import type { Fetcher } from '../index/fetcher.ts';
import type { PackageIndex } from '../index/project.ts';
import { runProcess } from './run-process.ts';
import { Refusal } from '../refusal.ts';

/** The arguments with which an interpreter runs pip: `-m pip`, or the path of a wheel. */
export type FindPip = (signal: AbortSignal) => Promise<readonly string[]>;

/** pip for interpreters that have none, as on Debian without `python3-pip`. */
const PIP_WHEEL = {
  filename: 'pip-26.3-py3-none-any.whl',
  hash: 'sha256:f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13',
} as const;

export interface FindPipOptions {
  readonly python: string;
  /** Directory that keeps the wheel. */
  readonly directory: string;
  readonly index: PackageIndex;
  readonly fetcher: Fetcher;
}

/** Looks once for the interpreter's own pip; where there is none, downloads the pinned one once. */
export function createFindPip({ python, directory, index, fetcher }: FindPipOptions): FindPip {
  const wheel = join(directory, PIP_WHEEL.filename);

  const hasOwn = async (signal: AbortSignal): Promise<boolean> => {
    const options = { env: {}, cwd: '/', timeoutMs: 30_000, signal };
    const { exitCode } = await runProcess([python, '-I', '-m', 'pip', '--version'], options).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new Refusal('install_failed', `There is no Python at ${python} to resolve packages with`, { cause });
    });
    return exitCode === 0;
  };
  const download = async (signal: AbortSignal): Promise<void> => {
    const { releases } = await index.project('pip', signal);
    const file = releases.flatMap(({ files }) => files).find(({ filename }) => filename === PIP_WHEEL.filename);
    if (file === undefined) throw new Refusal('install_failed', `The index does not have ${PIP_WHEEL.filename}`);
    const folder = await mkdtemp(join(directory, 'pip-'));
    try {
      const path = join(folder, PIP_WHEEL.filename);
      const pinned = { ...file, hash: PIP_WHEEL.hash };
      await downloadFile(fetcher, pinned, { path, subject: 'pip', limits: ARCHIVE_LIMITS, signal });
      await rename(path, wheel);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  let own: boolean | undefined;
  return async (signal) => {
    own ??= await hasOwn(signal);
    if (own) return ['-m', 'pip'];
    const isThere = await access(wheel).then(
      () => true,
      () => false,
    );
    if (!isThere) await download(signal);
    return [`${wheel}/pip`];
  };
}
