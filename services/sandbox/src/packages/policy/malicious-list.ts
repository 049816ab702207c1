import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';

/** One advisory on one package. `affected` is all of it, or versions and ranges such as `>=4.1.1 <=4.1.2`. */
export interface Advisory {
  readonly id: string;
  /** `2026-01-31` */
  readonly date: string;
  readonly affected: 'all' | readonly string[];
}

/** An advisory with the package that it is on; the name is normalised. */
export interface ListedAdvisory extends Advisory {
  readonly ecosystem: Ecosystem;
  readonly name: string;
}

/** A list of malicious packages as it is in memory: the bytes of its file, in which a name is looked up by halving. */
export interface MaliciousList {
  readonly updatedAt: Date;
  /** Packages with an advisory. */
  readonly names: number;
  find(ecosystem: Ecosystem, name: string): readonly Advisory[];
}

const FORMAT = '# malicious packages, format 1';
const UPDATED = '# updated ';
const ALL = '*';
const MAX_BYTES = 256 * 1_024 ** 2;
const MAX_LINES = 4_000_000;
const [TAB, LINE_END] = [9, 10];
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * Writes a list: a line for each advisory, `npm <tab> name <tab> id <tab> date <tab> versions`, in the order of their
 * bytes, so that it is read without being parsed.
 */
export function formatList(advisories: readonly ListedAdvisory[], updatedAt: Date, source: string): Buffer {
  const lines = advisories.map(({ ecosystem, name, id, date, affected }) =>
    Buffer.from([ecosystem, name, id, date, affected === 'all' ? ALL : affected.join(',')].join('\t')),
  );
  const header = [FORMAT, `${UPDATED}${updatedAt.toISOString()}`, `# source ${source}`].map((line) =>
    Buffer.from(line),
  );
  const end = Buffer.from([LINE_END]);
  return Buffer.concat([...header, ...lines.sort(Buffer.compare)].flatMap((line) => [line, end]));
}

/** Reads a list, packed or not. Undefined when there is none. @throws Error when it is not a list, or too large */
export async function readList(path: string): Promise<MaliciousList | undefined> {
  const file = await readFile(path).catch((error: unknown) => {
    if (Error.isError(error) && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const isPacked = file.subarray(0, GZIP.length).equals(GZIP);
    return openList(isPacked ? await promisify(gunzip)(file, { maxOutputLength: MAX_BYTES }) : file);
  } catch (cause) {
    throw new Error(`${path} is not a list of malicious packages`, { cause });
  }
}

function openList(bytes: Buffer): MaliciousList {
  const { starts, names, header } = indexLines(bytes);
  const updatedAt = new Date(header.find((line) => line.startsWith(UPDATED))?.slice(UPDATED.length) ?? '');
  if (header[0] !== FORMAT || Number.isNaN(updatedAt.getTime())) throw new Error('The header is missing');
  const lineAt = (index: number): Buffer => bytes.subarray(starts[index], endOf(bytes, starts[index] ?? 0));

  return {
    updatedAt,
    names,
    find(ecosystem, name) {
      const key = Buffer.from(`${ecosystem}\t${name}\t`);
      const found: Advisory[] = [];
      for (let index = firstFrom(key, starts.length, lineAt); index < starts.length; index += 1) {
        const line = lineAt(index);
        if (!line.subarray(0, key.length).equals(key)) break;
        found.push(toAdvisory(line.toString()));
      }
      return found;
    },
  };
}

/** Finds the lines of advisories. @throws Error when they are not in order */
function indexLines(bytes: Buffer) {
  const header: string[] = [];
  const starts: number[] = [];
  let names = 0;
  let previous: Buffer = Buffer.alloc(0);
  for (let start = 0; start < bytes.length; start = endOf(bytes, start) + 1) {
    const line = bytes.subarray(start, endOf(bytes, start));
    if (starts.length === 0 && line.toString('latin1', 0, 1) === '#') {
      header.push(line.toString());
      continue;
    }
    if (starts.length >= MAX_LINES) throw new Error(`More than ${MAX_LINES} lines`);
    if (Buffer.compare(previous, line) > 0)
      throw new Error(`Line ${header.length + starts.length + 1} is out of order`);
    if (!keyOf(line).equals(keyOf(previous))) names += 1;
    starts.push(start);
    previous = line;
  }
  return { header, starts: Uint32Array.from(starts), names };
}

function endOf(bytes: Buffer, start: number): number {
  const end = bytes.indexOf(LINE_END, start);
  return end < 0 ? bytes.length : end;
}

/** The ecosystem and the name of a line. */
const keyOf = (line: Buffer): Buffer => line.subarray(0, line.indexOf(TAB, line.indexOf(TAB) + 1) + 1);

/** The index of the first line that does not come before `key`. */
function firstFrom(key: Buffer, count: number, lineAt: (index: number) => Buffer): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(lineAt(middle), key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function toAdvisory(line: string): Advisory {
  const [, , id = '', date = '', affected = ALL] = line.split('\t');
  return { id, date, affected: affected === ALL ? 'all' : affected.split(',') };
}
