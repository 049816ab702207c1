import type { Reason, ReasonCode } from '@toolmesh/shared/contracts/packages';

interface RefusalOptions extends ErrorOptions {
  readonly didYouMean?: string | undefined;
  readonly status?: RefusalStatus;
  readonly position?: number;
}

type RefusalStatus = 'blocked' | 'approval_required' | 'failed';

/** Codes of what could not be done; the others are decisions against the package. */
const FAILURES: ReadonlySet<ReasonCode> = new Set([
  'not_found',
  'no_wheel',
  'too_large',
  'hash_mismatch',
  'index_unreachable',
  'install_failed',
]);

/** The reason why a package is not installed. Callers receive it as a result, never as a failed call. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: Reason;
  readonly status: RefusalStatus;
  /** The index of the package that it is about, among those requested together. */
  readonly position: number | undefined;

  constructor(code: ReasonCode, message: string, options: RefusalOptions = {}) {
    const { didYouMean, status, position, ...rest } = options;
    super(message, rest);
    this.reason = { code, message, ...(didYouMean === undefined ? {} : { did_you_mean: didYouMean }) };
    this.status = status ?? (FAILURES.has(code) ? 'failed' : 'blocked');
    this.position = position;
  }

  /** Returns the same refusal for the package at `position` of a request. */
  at(position: number): Refusal {
    const { code, message, did_you_mean: didYouMean } = this.reason;
    return new Refusal(code, message, { didYouMean, status: this.status, position, cause: this });
  }
}

/** Shortens text of a caller or an index to one printable line. */
export const printable = (text: string): string => {
  const line = text.slice(0, 120).replaceAll(/[^\x20-\x7e]/g, '?');
  return text.length > 120 ? `${line}…` : line;
};
