import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { User } from '@toolmesh/shared/test-kit/service-process';

/** The surroundings of a service: folders of its own with secrets in and around them. */
export interface Host {
  /** The folder of all that is made for it; nothing else on the machine has its name. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  /** Texts that no program may ever show, however it came by them. */
  readonly canaries: readonly string[];
  /** Lists the service's folders. */
  contents(): readonly string[];
  /** Files that programs have left where they have no business, since this was last asked. */
  newStrays(): readonly string[];
  remove(): void;
}

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));
/** The name that every program gives to the files that it writes. */
const STRAY = /^hostile-/;
const OUTSIDE = ['/', '/tmp', '/var/tmp', '/dev/shm', '/run', '/work', homedir(), process.cwd(), REPOSITORY];

/** @param user who the service runs as, and must be able to write what is its own */
export function createHost({ uid, gid }: User): Host {
  const secret = `canary-${randomBytes(12).toString('hex')}`;
  const root = mkdtempSync(join(tmpdir(), 'toolmesh-host-'));
  // Workers without a jail are other users, who read the cache.
  chmodSync(root, 0o755);
  // In the open, where a program would look that has left its jail.
  const planted = `${root}.canary.txt`;
  writeFileSync(planted, `${secret}-in-tmp\n`, { mode: 0o644 });
  const makeFolder = (name: string): string => {
    const folder = join(root, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'canary.txt'), `${secret}-in-a-folder\n`);
    if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
    return folder;
  };
  const [cwd, tmp, cache] = [makeFolder('cwd'), makeFolder('tmp'), makeFolder('cache')];
  if (uid !== undefined && gid !== undefined) chownSync(root, uid, gid);
  const findStrays = () => [...OUTSIDE, cwd, tmp, cache].flatMap(straysIn);
  const known = new Set(findStrays());
  return {
    root,
    env: {
      CANARY_SECRET: `${secret}-in-the-environment`,
      SANDBOX_CACHE_DIR: cache,
      TMPDIR: tmp,
      HOSTILE_RUN_IN: cwd,
    },
    // Where the service and its code lie is nobody's business either.
    canaries: [secret, REPOSITORY, root],
    contents: () => [cwd, tmp, cache].flatMap((folder) => listBelow(folder)).sort(),
    newStrays() {
      const strays = findStrays().filter((stray) => !known.has(stray));
      for (const stray of strays) known.add(stray);
      return strays;
    },
    remove() {
      for (const path of [root, planted]) rmSync(path, { recursive: true, force: true });
    },
  };
}

function listBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) =>
    join(entry.parentPath, entry.name),
  );
}

function straysIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => STRAY.test(name))
      .map((name) => join(folder, name));
  } catch {
    return []; // Not every machine has every folder.
  }
}
