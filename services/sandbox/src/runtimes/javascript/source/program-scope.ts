import type { Edit } from './syntax.ts';

/** The bindings of import and export statements, and the place of what the program declares. */
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
