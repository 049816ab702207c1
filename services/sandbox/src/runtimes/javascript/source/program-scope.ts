import type { Edit } from './syntax.ts';

/** How import and export statements bind, and where what the program declares goes. */
export interface ProgramScope {
  readonly edits: readonly Edit[];
  /** Returns a statement that binds a pattern to a value. */
  readonly declare: (pattern: string, value: string) => string;
  /** Splits a program that runs in a function into its body and what is declared before. */
  readonly hoist: (
    code: string,
    edits: readonly Edit[],
    indent: number,
  ) => { readonly body: string; readonly declarations?: string };
}
