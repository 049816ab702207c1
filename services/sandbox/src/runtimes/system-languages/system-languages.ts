import { BASH } from './bash.ts';
import { GO } from './go.ts';
import { R } from './r.ts';
import type { SystemLanguage } from './system-language.ts';

/**
 * All of them. Another one is an entry here: how to find its interpreter, the folders that it reads, the command, and a
 * program in `test/programs` that shows it.
 */
export const SYSTEM_LANGUAGES: readonly SystemLanguage[] = [BASH, R, GO];
