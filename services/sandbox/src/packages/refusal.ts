import type { Reason, ReasonCode } from '@toolmesh/shared/contracts/packages';

interface RefusalOptions extends ErrorOptions {
  readonly didYouMean?: string | undefined;
  readonly status?: RefusalStatus;
  readonly position?: number;
}

type RefusalStatus = 'blocked' | 'approval_required' | 'failed';

/** Codes that tell of something that could not be done; the others are decisions against the package. */
const FAILURES: ReadonlySet<ReasonCode> = new Set([
  'not_found',
  'no_wheel',
  'too_large',
  'hash_mismatch',
  'index_unreachable',
  'install_failed',
]);

/** Why a package is not installed. Thrown by the checks and told to the caller as a result, never as a failed call. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: Reason;
  readonly status: RefusalStatus;
  /** Which of several packages that were asked for together it is about, from 0. */
  readonly position: number | undefined;

  constructor(code: ReasonCode, message: string, options: RefusalOptions = {}) {
    const { didYouMean, status, position, ...rest } = options;
    super(message, rest);
    this.reason = { code, message, ...(didYouMean === undefined ? {} : { did_you_mean: didYouMean }) };
    this.status = status ?? (FAILURES.has(code) ? 'failed' : 'blocked');
    this.position = position;
  }

  /** The same refusal, of one of several packages. */
  at(position: number): Refusal {
    const { code, message, did_you_mean: didYouMean } = this.reason;
    return new Refusal(code, message, { didYouMean, status: this.status, position, cause: this });
  }
}

/** Text of a caller or an index, fit to be shown: short and of one line. */
export const shown = (text: string): string => {
  const line = text.slice(0, 120).replaceAll(/[^\x20-\x7e]/g, '?');
  return text.length > 120 ? `${line}…` : line;
};
