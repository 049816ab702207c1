import { ConfigError } from '@toolmesh/shared/kit/service/config';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { type Cgroups, openCgroups } from './cgroup.ts';
import { findCgroup } from './find-cgroup.ts';

/** The way in which a worker's memory and processes are bounded. */
export type Limits =
  | { readonly by: 'cgroup'; readonly cgroups: Cgroups }
  /** Limits of each process, and this service, which looks at all of a worker's. */
  | { readonly by: 'rlimits'; readonly cgroups?: undefined };

export interface LimitsChoice {
  readonly demanded: 'auto' | Limits['by'];
  /** Path of the system's Python. */
  readonly python: string;
  readonly logger: Logger;
}

/**
 * Divides this process's control group among the workers to come where that can be done, and logs what holds and why.
 * @throws ConfigError when control groups are demanded and cannot be had, with the reason and the cure.
 */
export async function chooseLimits({ demanded, python, logger }: LimitsChoice): Promise<Limits> {
  const opened = demanded === 'rlimits' ? { reason: 'SANDBOX_LIMITS demands them' } : await open(python);
  if ('cgroups' in opened) {
    logger.info({ limits: 'cgroup', folder: opened.folder }, 'limits chosen');
    return { by: 'cgroup', cgroups: opened.cgroups };
  }
  const { reason } = opened;
  if (demanded === 'cgroup') {
    throw new ConfigError(`SANDBOX_LIMITS: control groups cannot be had: ${reason}. Or set SANDBOX_LIMITS=auto`);
  }
  logger.info({ limits: 'rlimits', reason }, 'limits chosen');
  return { by: 'rlimits' };
}

async function open(python: string) {
  const found = await findCgroup({ self: '/proc/self', python });
  if ('reason' in found) return found;
  try {
    return { ...found, cgroups: await openCgroups(found) };
  } catch (error) {
    return { reason: `the kernel does not let us divide ${found.folder} (${String(error)})` };
  }
}
