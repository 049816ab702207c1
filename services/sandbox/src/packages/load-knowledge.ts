import { join } from 'node:path';
import { cachedIndex } from './index/cached-index.ts';
import type { Fetcher } from './index/fetcher.ts';
import { createNpmIndex } from './index/npm-index.ts';
import { DAY_MS, type PackageIndex } from './index/project.ts';
import { pyodideLockText, readPyodideLock, withPyodide } from './index/pyodide-distribution.ts';
import { createPypiIndex } from './index/pypi-index.ts';
import { createApprovals } from './policy/approvals.ts';
import { loadMalicious, type MaliciousKnowledge } from './policy/malicious.ts';
import { fetchMaliciousList, scheduleMaliciousRefresh } from './policy/malicious-refresh.ts';
import { loadPolicy, type Policy } from './policy/policy.ts';
import { popularNames } from './policy/popular-names.ts';
import { policyName } from './spec.ts';
import type { PackagesOptions } from './packages-options.ts';

const MIN_RELEASE_AGE_DAYS = 3;

/** Renews the list of malicious packages every day, where there is an address for it. */
export function renewMalicious(options: PackagesOptions, knowledge: MaliciousKnowledge) {
  const { directory, maliciousListUrl: url, proxy = {}, logger } = options;
  if (url === undefined) return undefined;
  return scheduleMaliciousRefresh({ knowledge, fetchList: fetchMaliciousList({ url, directory, proxy }), logger });
}

/** Loads what packages are compared with, and opens the indexes. */
export async function loadKnowledge(options: PackagesOptions, fetcher: Fetcher) {
  const { directory, policyFile, pipIndexUrl, npmRegistry, logger, provided = () => [] } = options;
  const { now = () => new Date(), minReleaseAgeDays = MIN_RELEASE_AGE_DAYS } = options;
  const [policy, malicious, approvals] = await Promise.all([
    loadPolicy(policyFile),
    loadMalicious(directory, logger),
    createApprovals(join(directory, 'approvals.json'), now),
  ]);
  logger.info({ malicious: malicious.status() }, 'package checks loaded');
  const index = {
    pypi: cachedIndex(forTarget(options, pypiIndexes(fetcher, pipIndexUrl, policy))),
    npm: cachedIndex(
      createNpmIndex(fetcher, npmRegistry, {
        isPopular: (name) => popularNames('npm').has(name),
        settledBefore: () => new Date(now().getTime() - minReleaseAgeDays * DAY_MS),
      }),
    ),
  };
  return { policy, malicious, approvals, popular: popularNames, index, provided, minReleaseAgeDays, now };
}

/** Adds what Pyodide's own distribution has, for an interpreter that is Pyodide. */
function forTarget(options: PackagesOptions, index: PackageIndex): PackageIndex {
  const { pythonTarget, pyodidePackagesUrl: url, pyodideLock } = options;
  if (pythonTarget.kind !== 'wasm') return index;
  return withPyodide(index, readPyodideLock(pyodideLock ?? pyodideLockText(), url));
}

/** Asks for some names the indexes that the policy has for them, and for all others the usual one. */
function pypiIndexes(fetcher: Fetcher, url: string, { indexes }: Policy): PackageIndex {
  const usual = createPypiIndex(fetcher, url);
  const others = new Map(
    Object.entries(indexes).map(([name, other]) => [policyName(name), createPypiIndex(fetcher, other)]),
  );
  return { project: (name, signal) => (others.get(name) ?? usual).project(name, signal) };
}
