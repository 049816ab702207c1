import type { Language } from '@toolmesh/shared/contracts/execution';
import type { Checks } from '@toolmesh/shared/kit/http/readiness';
import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import type { Engine } from '../execution/engine.ts';

type ByLanguage<T> = Partial<Record<Language, T>>;

const byLanguage = <T>(engines: readonly Engine[], of: (engine: Engine) => T): ByLanguage<T> =>
  Object.fromEntries(engines.flatMap((engine) => engine.runtime.languages.map((language) => [language, of(engine)])));

/** Returns each language's isolation and whether a jail is around it, as `/health` and the log say it. */
export const describeIsolation = (engines: readonly Engine[]) => ({
  isolation: byLanguage(engines, ({ runtime }) => runtime.isolation),
  jailed: byLanguage(engines, ({ runtime }) => runtime.unjailed === undefined),
});

/** Makes a check of `/ready` for each language: degraded where its programs run without a jail. */
export const isolationChecks = (engines: readonly Engine[]): Checks =>
  byLanguage(engines, ({ check, runtime: { isolation, unjailed } }) => () => {
    check();
    return unjailed === undefined
      ? { detail: `${isolation} in a jail` }
      : { degraded: `${isolation} without a jail around it: ${unjailed}` };
  });

/** Shows which languages run in a jail (contract, section 7). */
export function measureIsolation(engines: readonly Engine[], metrics: Metrics): void {
  const jailed = metrics.gauge({
    name: 'sandbox_jailed',
    help: '1 where programs of a language run in a jail, else 0',
    labelNames: ['language'],
  });
  for (const { runtime } of engines) {
    for (const language of runtime.languages) jailed.set({ language }, runtime.unjailed === undefined ? 1 : 0);
  }
}
