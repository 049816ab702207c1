/** The result of one check: `ok`, a `note` that needs no action, a `warning`, or something `wrong`, with the remedy. */
export interface Finding {
  readonly level: 'ok' | 'note' | 'warning' | 'wrong';
  /** Subject, in a word or two. */
  readonly about: string;
  readonly says: string;
  /** Remedy, where there is one. */
  readonly cure?: string;
}

export const ok = (about: string, says: string): Finding => ({ level: 'ok', about, says });
export const note = (about: string, says: string, cure?: string): Finding => ({
  level: 'note',
  about,
  says,
  ...(cure === undefined ? {} : { cure }),
});
export const warning = (about: string, says: string, cure: string): Finding => ({
  level: 'warning',
  about,
  says,
  cure,
});
export const wrong = (about: string, says: string, cure: string): Finding => ({ level: 'wrong', about, says, cure });

const MARKS = { ok: 'ok   ', note: 'note ', warning: 'warn ', wrong: 'WRONG' };

/** As a person reads it, in one line or two. */
export function describeFinding({ level, about, says, cure }: Finding): string {
  const line = `  ${MARKS[level]}  ${about.padEnd(14)} ${says}`;
  return cure === undefined ? line : `${line}\n${' '.repeat(24)}-> ${cure}`;
}
