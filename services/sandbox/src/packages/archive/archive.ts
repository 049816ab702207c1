import { Refusal } from '../refusal.ts';

/** Bounds of what may be unpacked; each layer is bounded besides. */
export interface ArchiveLimits {
  readonly archiveBytes: number;
  readonly entries: number;
  readonly unpackedBytes: number;
  /** Unpacked to packed, of all that is larger than `ratioFromBytes`. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
}

const MIB = 1_024 ** 2;

export const ARCHIVE_LIMITS: ArchiveLimits = {
  archiveBytes: 100 * MIB,
  entries: 50_000,
  unpackedBytes: 300 * MIB,
  ratio: 100,
  ratioFromBytes: 16 * MIB,
};

const MAX_PATH = 512;

/** Counts what is unpacked from an archive, whatever its directory claims. */
export interface Budget {
  /** @throws Refusal too_large */
  entry(): void;
  /** @throws Refusal too_large */
  bytes(count: number): void;
  readonly usedBytes: number;
}

export function createBudget(subject: string, packedBytes: number, limits: ArchiveLimits): Budget {
  let entries = 0;
  let used = 0;
  return {
    get usedBytes() {
      return used;
    },
    entry() {
      entries += 1;
      if (entries > limits.entries)
        throw new Refusal('too_large', `${subject} holds more than ${limits.entries} files`);
    },
    bytes(count) {
      used += count;
      if (used > limits.unpackedBytes) {
        const mib = Math.round(limits.unpackedBytes / MIB);
        throw new Refusal('too_large', `${subject} unpacks to more than ${mib} MiB`);
      }
      if (used > limits.ratioFromBytes && used > packedBytes * limits.ratio) {
        throw new Refusal('too_large', `${subject} unpacks to more than ${limits.ratio} times its size`);
      }
    },
  };
}

/** Refuses an archive that holds what packages do not. */
export const archiveRefusal = (subject: string, what: string, cause?: unknown): Refusal =>
  new Refusal('suspicious', `${subject} ${what}`, { cause });

/**
 * The path of an entry, as it may be joined to a directory.
 * @throws Refusal for one that leads out of it, or that a file system may read as another one
 */
export function safePath(subject: string, name: string): string {
  const parts = name.split('/');
  const ok =
    name.length <= MAX_PATH &&
    // oxlint-disable-next-line no-control-regex -- that is what must not be in it
    !/[\u0000-\u001f\u007f\\:]/.test(name) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!ok) throw archiveRefusal(subject, 'holds a file whose path leads elsewhere');
  return name;
}
