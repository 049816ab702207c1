import type { Language } from '@toolmesh/shared/contracts/execution';
import type { JailedLanguage } from '../jailed/runtime.ts';

/** A language whose interpreter the system has or has not. Its programs run in a jail, or not at all. */
export interface SystemLanguage {
  readonly language: Language;
  /** The command that brings its interpreter. */
  readonly cure: string;
  /** Looks for the interpreter; undefined where there is none. */
  find(search: InterpreterSearch): Promise<JailedLanguage | undefined>;
}

export interface InterpreterSearch {
  /** Folder of what is made once and kept between starts. */
  readonly cacheDirectory: string;
}
