import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ARCHIVE_LIMITS, type ArchiveLimits } from './archive/archive.ts';
import type { Fetcher } from './index/fetcher.ts';
import { DAY_MS } from './index/project.ts';
import { createInstallSet } from './install/install-set.ts';
import type { Checks, Knowledge } from './policy/checks.ts';
import type { Policy } from './policy/policy.ts';
import { createNpmResolver } from './resolve/npm-resolver.ts';
import { createFindPip } from './resolve/pip.ts';
import { createCompileTree } from './resolve/compile-tree.ts';
import { npmTargetHere } from './resolve/npm-target.ts';
import { createPypiResolver } from './resolve/pypi-resolver.ts';
import { createRunTool } from './resolve/run-tool.ts';
import { RESOLVER_LIMITS } from './resolve/resolver.ts';
import { createLayerStore } from './store/layer-store.ts';
import type { LayerUse } from './store/layer-use.ts';
import { createPackageStore } from './store/package-store.ts';
import type { PackagesOptions } from './packages-options.ts';

export interface InstallerParts extends PackagesOptions {
  readonly workDirectory: string;
  readonly fetcher: Fetcher;
  readonly knowledge: Knowledge;
  readonly checks: Checks;
  readonly use: LayerUse;
}

/** Makes what installs: the stores, the resolvers and what puts them together. */
export function createInstaller(parts: InstallerParts) {
  const { directory, workDirectory, fetcher, knowledge, checks, python = '/usr/bin/python3', npm = findNpm() } = parts;
  const { index, now } = knowledge;
  const archives = { ...policyLimits(knowledge.policy), ...parts.archiveLimits };
  const limits = { ...RESOLVER_LIMITS, ...parts.resolverLimits };
  const { use, maxStoreBytes: maxBytes = 4 * 1_024 ** 3, maxIdleDays = 30 } = parts;
  const eviction = { maxBytes, maxIdleMs: maxIdleDays * DAY_MS };
  const unpacked = createPackageStore({ directory: join(directory, 'unpacked'), workDirectory });
  const store = createLayerStore({
    directory,
    workDirectory,
    packages: unpacked,
    maxLayerBytes: archives.unpackedBytes,
    eviction,
    use,
    now,
  });
  const findPip = createFindPip({ python, directory, index: index.pypi, fetcher });
  const runTool = createRunTool({ bwrap: parts.bwrap ?? '/usr/bin/bwrap', logger: parts.logger });
  const resolvers = {
    pypi: createPypiResolver({
      checks,
      fetcher,
      python,
      findPip,
      runTool,
      target: parts.pythonTarget,
      compile: createCompileTree(parts.pythonTarget, python, runTool),
      gpu: knowledge.policy.gpu,
      provided: parts.provided ?? (() => []),
      archives,
      limits,
    }),
    npm: createNpmResolver({
      checks,
      fetcher,
      npm,
      runTool,
      archives,
      limits,
      target: parts.npmTarget ?? npmTargetHere(false),
    }),
  };
  const targets = { pypi: resolvers.pypi.target, npm: resolvers.npm.target };
  const installSet = createInstallSet({ checks, store, packages: unpacked, resolvers, limits, workDirectory });
  return { store, unpacked, targets, installSet };
}

const MIB = 1_024 ** 2;

const policyLimits = ({ max_archive_mb, max_unpacked_mb }: Policy): ArchiveLimits => ({
  ...ARCHIVE_LIMITS,
  archiveBytes: max_archive_mb * MIB,
  unpackedBytes: max_unpacked_mb * MIB,
});

/** Finds npm's script beside this Node, else where the system has it. */
function findNpm(): string {
  const candidates = [dirname(process.execPath), '/usr/local/bin', '/usr/bin'].map((folder) => join(folder, 'npm'));
  const found = candidates.find((path) => existsSync(path));
  return found === undefined ? '/usr/bin/npm' : realpathSync(found);
}
