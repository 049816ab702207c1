import { rootCause } from '@toolmesh/shared/kit/faults/errors';
import { Refusal } from '../packages/refusal.ts';

export interface BuildFailure {
  /** One sentence with the reason and, where there is one, the cure. */
  readonly message: string;
  /** True where another try would end the same way. */
  readonly isLasting: boolean;
}

/** Codes of the file system that say that somebody has to act. */
const DISK: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk of SANDBOX_CACHE_DIR is full',
  EDQUOT: 'the quota of SANDBOX_CACHE_DIR is used up',
  EROFS: 'SANDBOX_CACHE_DIR cannot be written: build the libraries where it can, by npm run python-layer',
  EACCES: 'SANDBOX_CACHE_DIR cannot be written by this user',
  EPERM: 'SANDBOX_CACHE_DIR cannot be written by this user',
};
const LASTING = new Set(['EROFS', 'EACCES', 'EPERM']);

/** Says in words why a build of the base layer has ended. */
export function explainBuildFailure(error: unknown): BuildFailure {
  if (error instanceof Refusal) {
    return { message: error.reason.message, isLasting: error.reason.code === 'no_wheel' };
  }
  const root = rootCause(error);
  const code = Error.isError(root) && 'code' in root && typeof root.code === 'string' ? root.code : '';
  const known = DISK[code];
  if (known !== undefined) return { message: known, isLasting: LASTING.has(code) };
  return { message: Error.isError(root) ? root.message : String(root), isLasting: false };
}
