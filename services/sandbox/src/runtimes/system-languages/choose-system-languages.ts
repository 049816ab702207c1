import type { Language } from '@toolmesh/shared/contracts/execution';
import { createJailedRuntime, type JailedHost } from '../jailed/runtime.ts';
import type { Runtime } from '../runtime.ts';
import type { SystemLanguage } from './system-language.ts';
import { SYSTEM_LANGUAGES } from './system-languages.ts';

export interface SystemLanguageChoice {
  /** The parts of their jails, or why there can be none. */
  readonly host: JailedHost | { readonly reason: string };
  readonly isLaunched: boolean;
  readonly cacheDirectory: string;
}

/** The runtimes of the system's languages, and why the others are missing. */
export interface SystemRuntimes {
  readonly runtimes: readonly Runtime[];
  readonly lacking: ReadonlyMap<Language, string>;
}

/** Returns a runtime for each language that the system has an interpreter of. Nothing of it is started. */
export async function chooseSystemLanguages(choice: SystemLanguageChoice): Promise<SystemRuntimes> {
  const found = await Promise.all(SYSTEM_LANGUAGES.map((language) => choose(language, choice)));
  return {
    runtimes: found.filter((runtime) => 'worker' in runtime),
    lacking: new Map(found.flatMap((runtime) => ('worker' in runtime ? [] : [[runtime.language, runtime.reason]]))),
  };
}

async function choose(
  { language, cure, find }: SystemLanguage,
  { host, isLaunched, cacheDirectory }: SystemLanguageChoice,
): Promise<Runtime | { readonly language: Language; readonly reason: string }> {
  if ('reason' in host) return { language, reason: `it needs a jail of namespaces (${host.reason})` };
  const found = await find({ cacheDirectory });
  if (found === undefined)
    return { language, reason: `its interpreter is not installed. Run ${cure} where the sandbox runs` };
  return createJailedRuntime({ ...found, has: { ...found.has, minWorkers: 0 } }, host, { isLaunched });
}
