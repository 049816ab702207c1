import type { Language } from '@toolmesh/shared/contracts/execution';
import type { Runtime } from '../runtimes/runtime.ts';

/** Languages whose programs have the module `toolmesh`, where they run in a jail of namespaces. */
const CALLING: readonly Language[] = ['python', 'javascript', 'typescript'];

type Place = Pick<Runtime, 'languages' | 'isolation'>;

/** Returns why programs of a language cannot call tools here, and the way out; undefined where they can. */
export function whyNoTools(language: Language, runtimes: readonly Place[]): string | undefined {
  const isolation = runtimes.find(({ languages }) => languages.includes(language))?.isolation;
  if (isolation === undefined || (isolation === 'namespaces' && CALLING.includes(language))) return undefined;
  const jailed = runtimes.filter((runtime) => runtime.isolation === 'namespaces').flatMap(({ languages }) => languages);
  const here = CALLING.filter((other) => jailed.includes(other));
  const instead = here.length === 0 ? 'leave tools out' : `write this one in ${here.join(' or ')}, or leave tools out`;
  if (!CALLING.includes(language)) return `programs of ${language} cannot call tools; ${instead}`;
  return (
    `programs of ${language} call tools in a jail of namespaces alone, and run in ${isolation} here ` +
    `(\`npm run doctor\` says what the jail needs); ${instead}`
  );
}
