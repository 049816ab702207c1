import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Ecosystem, InstallResult } from '@toolmesh/shared/contracts/packages';
import type { ArchiveLimits } from './archive/archive.ts';
import type { FetcherOptions } from './index/fetcher.ts';
import type { Provided } from './package-layer.ts';
import type { NpmTarget } from './resolve/npm-target.ts';
import type { PythonTarget } from './resolve/python-target.ts';
import type { ResolverLimits } from './resolve/resolver.ts';
import type { Eviction } from './store/choose-evictions.ts';

export interface PackagesOptions extends FetcherOptions {
  /** Directory of layers and decisions; made when it is missing. */
  readonly directory: string;
  /** Default: the shipped policy. */
  readonly policyFile?: string | undefined;
  /** The interpreter that runs pip; for a `native` target also the one that imports the packages. Default: /usr/bin/python3. */
  readonly python?: string | undefined;
  readonly pythonTarget: PythonTarget;
  /** Packages of Python that every program has. */
  readonly provided?: Provided;
  /** Path of bubblewrap, which jails pip and npm. Default: /usr/bin/bwrap. */
  readonly bwrap?: string | undefined;
  /** npm's script. Default: that of the npm on this machine. */
  readonly npm?: string | undefined;
  /** Such as `https://pypi.org/simple`. */
  readonly pipIndexUrl: string;
  /** Address of the packages of Pyodide's distribution, for a target of WebAssembly. Default: that of its version. */
  readonly pyodidePackagesUrl?: string | undefined;
  /** Text of the distribution's lock. Default: that of the pinned Pyodide. */
  readonly pyodideLock?: string | undefined;
  /** Such as `https://registry.npmjs.org`. */
  readonly npmRegistry: string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Called after every install, for metrics. */
  readonly onInstall?: (status: InstallResult['status'], ecosystem: Ecosystem) => void;
  readonly now?: () => Date;
  /** Address of OSV's dumps, from which the list of malicious packages is renewed every day. Default: it is not. */
  readonly maliciousListUrl?: string | undefined;
  /** Days that a release has to be old before it is installed. Default: 3. */
  readonly minReleaseAgeDays?: number | undefined;
  readonly archiveLimits?: Partial<ArchiveLimits>;
  readonly resolverLimits?: Partial<ResolverLimits>;
  /** Of all layers together. Default: 4 GiB. */
  readonly maxStoreBytes?: number | undefined;
  /** Days after which a layer is removed that no program has used. Default: 30. */
  readonly maxIdleDays?: number | undefined;
  /** Called for each layer that is removed, for metrics. */
  readonly onEvicted?: (reason: Eviction['reason']) => void;
  readonly maxParallel?: number;
  /** The longest that a call waits for an install, which goes on by itself. Default: 100 s. */
  readonly waitMs?: number | undefined;
  /** The machine that npm packages are for. Default: an isolate, which has no native code. */
  readonly npmTarget?: NpmTarget;
  readonly maxWaiting?: number;
}
