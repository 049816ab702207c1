import type { InstallRequest, InstallResult, PackageRequest } from '@toolmesh/shared/contracts/packages';
import type { NameChecks } from '../policy/name-checks.ts';
import { isOwner } from '../names/check-modules.ts';
import { moduleOwners } from '../names/module-owners.ts';
import { findProvided, type Provided } from '../package-layer.ts';
import { printable } from '../refusal.ts';
import { type PackageSpec, parseRequest } from '../spec.ts';
import type { StoredLayer } from '../store/layer-store.ts';
import type { InstallCaller, InstallJobs, InstallOutcome } from './install-jobs.ts';
import { refusedInstall } from './refused-install.ts';

/**
 * Installs the package of a request. Never rejects for what the package or the index does: see `status`.
 * @throws as {@link InstallJobs.install} for what takes longer than the caller waits
 */
export type InstallPackage = (request: InstallRequest, caller: InstallCaller) => Promise<InstallResult>;

export interface InstallPackageOptions {
  readonly jobs: Pick<InstallJobs, 'install'>;
  readonly meantBy: NameChecks['meantBy'];
  /** Packages of Python that every program has. */
  readonly provided: Provided;
  /** Called with what a session has installed. */
  readonly onInstalled: (session: string, layer: StoredLayer) => void;
}

export function createInstallPackage(options: InstallPackageOptions): InstallPackage {
  const { jobs, meantBy, provided, onInstalled } = options;
  const attempt = async (
    { session_id: session, ...request }: InstallRequest,
    caller: InstallCaller,
  ): Promise<Untimed> => {
    const asked = parseRequest(request);
    const spec = meantBy(asked);
    const given = findProvided(provided(), spec);
    if (given === undefined) {
      const outcome = await jobs.install(request.ecosystem, [spec], caller);
      if (session !== undefined) onInstalled(session, outcome.layer);
      return meaning(asked, succeeded(spec, outcome));
    }
    return meaning(asked, { status: 'already_installed', ...given, output: 'Every program has it', dependencies: [] });
  };

  return async (request, caller) => {
    const started = performance.now();
    const result = await attempt(request, caller).catch((error: unknown) => failed(request, error));
    return { ...result, duration_ms: Math.round((performance.now() - started) * 1_000) / 1_000 };
  };
}

/** Says that another package was installed than the one that was named. */
function meaning(asked: PackageSpec, result: Untimed): Untimed {
  if (asked.name === result.name) return result;
  const line = `${asked.name} is a name under which ${result.name} is imported: ${result.name} is the package`;
  return { ...result, requested: asked.name, output: [line, result.output].join('\n') };
}

type Untimed = Omit<InstallResult, 'duration_ms'>;

function succeeded({ name, version }: PackageSpec, { layer, isOld, output }: InstallOutcome): Untimed {
  const { packages, ecosystem } = layer.record;
  const others = ecosystem === 'npm' ? [] : packages.flatMap((item) => foreignNames(item));
  // npm lists the package itself first, and perhaps others of its name that belong to a dependency.
  const own = packages.find((item) => item.name === name);
  return {
    status: isOld ? 'already_installed' : 'installed',
    name,
    version: own?.version ?? version ?? null,
    output: [output, ...others].filter((line) => line !== '').join('\n'),
    dependencies: packages.filter((item) => item !== own).map((item) => ({ name: item.name, version: item.version })),
  };
}

/** Tells how programs get to modules that do not have the name of their package. */
function foreignNames({
  name,
  modules,
}: {
  readonly name: string;
  readonly modules: readonly string[];
}): readonly string[] {
  const owners = moduleOwners();
  const others = modules.filter((module) => !isOwner(name, module, owners) && !owners.isNobodys(module));
  if (others.length === 0) return [];
  const list = others.slice(0, 5).join(', ');
  return [`${name} brings ${list}: a program imports that when it names ${name} in packages`];
}

/** @throws `error` when it is no refusal */
function failed({ name, version }: PackageRequest, error: unknown): Untimed {
  const { refusal, output } = refusedInstall(error);
  const { status, reason } = refusal;
  return {
    status,
    name: printable(name),
    version: version === undefined ? null : printable(version),
    reason,
    output: [output, reason.message].filter((line) => line !== '').join('\n'),
    dependencies: [],
  };
}
