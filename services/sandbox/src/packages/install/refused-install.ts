import { Refusal } from '../refusal.ts';

/** A refusal together with the notes of the install that it ended. */
export class RefusedInstall extends Error {
  override readonly name = 'RefusedInstall';
  readonly refusal: Refusal;
  readonly output: string;

  constructor(refusal: Refusal, output: string) {
    super(refusal.message, { cause: refusal });
    this.refusal = refusal;
    this.output = output;
  }
}

/** Returns the refusal that `error` is or carries. @throws `error` when it is no refusal */
export function refusedInstall(error: unknown): { readonly refusal: Refusal; readonly output: string } {
  if (error instanceof RefusedInstall) return error;
  if (error instanceof Refusal) return { refusal: error, output: '' };
  throw error;
}
