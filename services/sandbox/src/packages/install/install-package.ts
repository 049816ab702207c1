import type { InstallResult, PackageRequest } from '@toolmesh/shared/contracts/packages';
import { findProvided, type NamedVersion } from '../package-layer.ts';
import { printable } from '../refusal.ts';
import { type PackageSpec, parseRequest } from '../spec.ts';
import { type InstallOutcome, type InstallTogether, refusedInstall } from './install-together.ts';

/** Installs the package of a request. Never rejects for what the package or the index does: see `status`. */
export type InstallPackage = (request: PackageRequest, signal: AbortSignal) => Promise<InstallResult>;

export interface InstallPackageOptions {
  readonly installTogether: InstallTogether;
  /** Packages of Python that every program has. */
  readonly provided: readonly NamedVersion[];
}

export function createInstallPackage({ installTogether, provided }: InstallPackageOptions): InstallPackage {
  const attempt = async (request: PackageRequest, signal: AbortSignal): Promise<Untimed> => {
    const spec = parseRequest(request);
    const given = findProvided(provided, spec);
    if (given === undefined) return succeeded(spec, await installTogether(request.ecosystem, [spec], signal));
    return { status: 'already_installed', ...given, output: 'Every program has it', dependencies: [] };
  };

  return async (request, signal) => {
    const started = performance.now();
    const result = await attempt(request, signal).catch((error: unknown) => failed(request, error));
    return { ...result, duration_ms: Math.round((performance.now() - started) * 1_000) / 1_000 };
  };
}

type Untimed = Omit<InstallResult, 'duration_ms'>;

function succeeded({ name, version }: PackageSpec, { layer, isOld, output }: InstallOutcome): Untimed {
  const { packages } = layer.record;
  // npm lists the package itself first, and perhaps others of its name that belong to a dependency.
  const own = packages.find((item) => item.name === name);
  return {
    status: isOld ? 'already_installed' : 'installed',
    name,
    version: own?.version ?? version ?? null,
    output,
    dependencies: packages.filter((item) => item !== own).map((item) => ({ name: item.name, version: item.version })),
  };
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
