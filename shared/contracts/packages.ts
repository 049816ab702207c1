import { z } from 'zod';
import { ExecuteArguments } from './execution.ts';

export const Ecosystem = z.enum(['pypi', 'npm']);
export type Ecosystem = z.output<typeof Ecosystem>;

/** The reasons for not installing a package (contract, section 6). */
export const ReasonCode = z.enum([
  'invalid_name',
  'invalid_version',
  'blocked',
  'malicious',
  'suspicious',
  'typosquat',
  'not_found',
  'yanked',
  'no_wheel',
  'too_large',
  'hash_mismatch',
  'index_unreachable',
  'install_failed',
]);
export type ReasonCode = z.output<typeof ReasonCode>;

export const Reason = z.object({
  code: ReasonCode,
  message: z.string(),
  did_you_mean: z.string().optional().describe('The well-known package that was probably meant'),
});
export type Reason = z.output<typeof Reason>;

const Requested = z
  .string()
  .optional()
  .describe('The name that was asked for, where another package is meant: yaml, of which pyyaml is the package');

/** The verdict of the checks on a package, before any of it is downloaded. */
export const Verdict = z.object({
  status: z.enum(['allowed', 'blocked', 'approval_required', 'failed']),
  name: z.string(),
  version: z.string().nullable().describe('The requested version, else the newest'),
  ecosystem: Ecosystem,
  requested: Requested,
  reason: Reason.optional(),
});
export type Verdict = z.output<typeof Verdict>;

/** The result of an install (contract, section 6). */
export const InstallResult = z.object({
  status: z.enum(['installed', 'already_installed', 'blocked', 'approval_required', 'failed']),
  name: z.string(),
  version: z.string().nullable(),
  requested: Requested,
  reason: Reason.optional(),
  output: z.string().describe('The steps that were taken, one per line'),
  dependencies: z.array(z.object({ name: z.string(), version: z.string() })),
  duration_ms: z.number(),
});
export type InstallResult = z.output<typeof InstallResult>;

/** An install as it stands (contract, section 6). */
export const InstallJob = z.object({
  id: z.string(),
  status: z.enum(['queued', 'running', 'installed', 'failed']),
  ecosystem: Ecosystem,
  requested: z.array(z.string()).describe('The packages as they were asked for'),
  started_at: z.string(),
  progress: z.object({
    done: z.number().describe('Packages that are there'),
    total: z.number().nullable().describe('Packages of the set; null until they are known'),
    message: z.string(),
  }),
  packages: z.array(z.object({ name: z.string(), version: z.string() })).describe('The installed packages'),
  reason: Reason.optional(),
  output: z.string(),
});
export type InstallJob = z.output<typeof InstallJob>;

/** A package that programs can import (contract, section 6). */
export const InstalledPackage = z.object({
  name: z.string(),
  version: z.string(),
  ecosystem: Ecosystem,
  size_bytes: z.number(),
  installed_at: z.string(),
});
export type InstalledPackage = z.output<typeof InstalledPackage>;

/** A package by name and version, unvalidated: the checks judge both, so that every problem gets a reason code. */
export const PackageRequest = z.object({
  name: z.string().max(20_000).describe('Name of the package, such as six; for PyPI with extras: name[extra]'),
  version: z.string().max(20_000).optional().describe('An exact version, such as 1.17.0; absent: the newest'),
  ecosystem: Ecosystem,
});
export type PackageRequest = z.output<typeof PackageRequest>;

/** A package to install, perhaps for one session of `execute_code`. */
export const InstallRequest = PackageRequest.extend({
  session_id: ExecuteArguments.shape.session_id.describe(
    'The session of execute_code whose programs may import it by any of its modules, without naming it in packages',
  ),
});
export type InstallRequest = z.output<typeof InstallRequest>;

/** The longest that an install may take, in milliseconds. The resolver has a lower limit of its own. */
export const INSTALL_TIMEOUT_MS = 300_000;

const REFUSED =
  'Names like those of well-known packages, known malicious ones and very new ones are refused, with a reason.';

// The definitions of the tools without their `run`, shared by every service that serves them.

export const INSTALL_PACKAGE_TOOL = {
  name: 'install_package',
  title: 'Install a package',
  description:
    'Installs a package of PyPI or npm for programs of execute_code, together with its dependencies. None of its ' +
    `code is run. ${REFUSED}`,
  input: InstallRequest,
  output: InstallResult,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  timeoutMs: INSTALL_TIMEOUT_MS,
  isError: ({ status }: InstallResult) => status !== 'installed' && status !== 'already_installed',
} as const;

export const CHECK_PACKAGE_TOOL = {
  name: 'check_package',
  title: 'Check a package',
  description: `Checks whether a package of PyPI or npm would be installed, without installing it. ${REFUSED}`,
  input: PackageRequest,
  output: Verdict,
  annotations: { readOnlyHint: true, openWorldHint: true },
} as const;

export const LIST_PACKAGES_TOOL = {
  name: 'list_packages',
  title: 'List installed packages',
  description: 'Lists the packages that are installed for programs of execute_code.',
  input: z.object({}),
  output: z.object({ packages: z.array(InstalledPackage) }),
  annotations: { readOnlyHint: true, openWorldHint: false },
} as const;
