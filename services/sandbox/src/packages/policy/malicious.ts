import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { inRange, sameVersion } from '../versions.ts';
import { type Advisory, type MaliciousList, readList } from './malicious-list.ts';

export interface MaliciousIndex {
  /**
   * The advisory on a version. Without a version: one on all of the package, so that a good release of a package
   * that was taken over for a day is not refused.
   */
  find(ecosystem: Ecosystem, name: string, version: string | undefined): Advisory | undefined;
  /** The first advisory that there is on any version. */
  any(ecosystem: Ecosystem, name: string): Advisory | undefined;
}

/** The knowledge of malicious packages, which is renewed while the service runs. */
export interface MaliciousKnowledge extends MaliciousIndex {
  status(): MaliciousStatus;
  /** Reads the list again, and keeps the one in use where there is no later one. @throws Error when it cannot be read */
  reload(): Promise<void>;
}

export interface MaliciousStatus {
  /** Packages with an advisory. */
  readonly names: number;
  readonly updatedAt: Date;
}

const SHIPPED_FILE = fileURLToPath(new URL('../../../data/malicious-packages.tsv', import.meta.url));

/** Path of the list that is made by refresh-malicious.ts, below the directory of packages. */
export const maliciousFile = (directory: string): string => join(directory, 'malicious-packages.tsv.gz');

/** Reads the list in `directory`, else the one that is shipped. A list that cannot be read is not used. */
export async function loadMalicious(directory: string, logger: Pick<Logger, 'warn'>): Promise<MaliciousKnowledge> {
  const shipped = await readList(SHIPPED_FILE);
  if (shipped === undefined) throw new Error(`${SHIPPED_FILE}: the list of malicious packages is missing`);
  let list: MaliciousList = shipped;
  const reload = async (): Promise<void> => {
    const found = await readList(maliciousFile(directory));
    if (found !== undefined && found.updatedAt.getTime() >= list.updatedAt.getTime()) list = found;
  };
  await reload().catch((error: unknown) => logger.warn({ err: error }, 'list of malicious packages not used'));
  return {
    reload,
    status: () => ({ names: list.names, updatedAt: list.updatedAt }),
    find: (ecosystem, name, version) =>
      list.find(ecosystem, name).find((advisory) => concerns(ecosystem, advisory, version)),
    any: (ecosystem, name) => list.find(ecosystem, name)[0],
  };
}

function concerns(ecosystem: Ecosystem, { affected }: Advisory, version: string | undefined): boolean {
  if (affected === 'all') return true;
  if (version === undefined) return false;
  return affected.some((item) =>
    /^[<>]/.test(item) ? inRange(ecosystem, version, item) : sameVersion(ecosystem, version, item),
  );
}
