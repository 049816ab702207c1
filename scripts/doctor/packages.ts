import { type Finding, note, ok } from './finding.ts';
import type { ServiceState } from './services.ts';

const DAY_MS = 86_400_000;
/** OSV knows some hundred thousand. */
const FEW = 1_000;
const OLD_DAYS = 30;

/** Reports how much the sandbox knows of malicious packages, and since when. */
export async function checkPackages(services: readonly ServiceState[], env: NodeJS.ProcessEnv): Promise<Finding> {
  const sandbox = services.find(({ name }) => name === 'sandbox');
  const { names, updatedAt } =
    (sandbox?.state === 'running' ? known(sandbox.health) : undefined) ?? (await knownHere(env));
  return judgeList({ names, ageDays: Math.floor((Date.now() - updatedAt.getTime()) / DAY_MS) });
}

/** Returns the finding for a list of so many packages, so many days old. */
export function judgeList({ names, ageDays }: { readonly names: number; readonly ageDays: number }): Finding {
  const says = `${names} malicious packages are known, from a list ${ageDays} days old`;
  return names < FEW || ageDays > OLD_DAYS ? note('Packages', says, RENEW) : ok('Packages', says);
}

const RENEW =
  'let the sandbox reach SANDBOX_MALICIOUS_LIST, which it fetches daily, or run ' +
  'node services/sandbox/src/commands/refresh-malicious.ts';

function known({ packages }: Readonly<Record<string, unknown>>) {
  const { malicious }: { malicious?: unknown } = Object(packages);
  const { names, updated_at: updated }: { names?: unknown; updated_at?: unknown } = Object(malicious);
  return typeof names === 'number' && typeof updated === 'string' ? { names, updatedAt: new Date(updated) } : undefined;
}

/** Reads the list that a start of the sandbox would use. */
async function knownHere(env: NodeJS.ProcessEnv) {
  const { knownMalicious } = await import('../../services/sandbox/src/service.ts');
  return knownMalicious(env);
}
