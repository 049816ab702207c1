import { createFsFromVolume, Volume } from 'memfs';
import type { ArtifactLimits, GuestFile } from '../program/report.ts';
import { SCRATCH } from '../shared/scratch.ts';
import { OTHER_NAMES, WORK_DIR } from '../shared/work-directories.ts';

const STDIN = '/dev/stdin';

/** Files and directories in memory, by memfs. */
const volume = new Volume();
export const files = createFsFromVolume(volume);

for (const path of [WORK_DIR, '/mnt', '/home', '/tmp', '/dev']) files.mkdirSync(path, { recursive: true });
for (const path of OTHER_NAMES) files.symlinkSync(WORK_DIR, path);
files.writeFileSync('/dev/null', '');

/** Adds a file below the working directory, with its directories. */
export function putFile({ path, data }: GuestFile): void {
  const full = `${WORK_DIR}/${path}`;
  files.mkdirSync(full.slice(0, full.lastIndexOf('/')), { recursive: true });
  files.writeFileSync(full, data);
}

/** Makes the input of a program a file. */
export function putStdin(data: Uint8Array): void {
  files.writeFileSync(STDIN, data);
}

/** Returns the descriptor of standard input, which is opened when it is first asked for. */
export function stdinDescriptor(): number {
  descriptor ??= files.openSync(STDIN, 'r');
  return descriptor;
}
let descriptor: number | undefined;

/** Lets the next program read its input from the beginning. */
export function closeStdin(): void {
  if (descriptor !== undefined) files.closeSync(descriptor);
  descriptor = undefined;
}

type Link = typeof volume._core.root;
type Entry = { readonly path: string; readonly link: Link };

/** Walks the regular files below a directory, in the order of their paths. */
function* filesBelow({ path, link }: Entry): Generator<Entry> {
  for (const name of [...link.children.keys()].sort()) {
    const child = name === '.' || name === '..' ? undefined : link.children.get(name);
    if (child === undefined) continue;
    const entry = { path: `${path}${name}`, link: child };
    const node = child.getNode();
    if (node.isDirectory()) yield* filesBelow({ path: `${entry.path}/`, link: child });
    else if (node.isFile()) yield entry;
  }
}

/** Walks the files that a program may return: those of the working directory, and those of the scratch directory. */
function* returnable(): Generator<Entry> {
  const { root } = volume._core;
  const [work, scratch] = [root.getChild(WORK_DIR.slice(1)), root.getChild(SCRATCH.slice(1))];
  if (work !== undefined) yield* filesBelow({ path: '', link: work });
  if (scratch !== undefined) yield* filesBelow({ path: `${SCRATCH.slice(1)}/`, link: scratch });
}

/** A file of the scratch directory comes back only where the program means it. */
const isReturned = (link: Link, path: string, isMeant: (path: string) => boolean): boolean =>
  !link.getPath().startsWith(`${SCRATCH}/`) || isMeant(`/${path}`);

/** The files before a program, to tell which it made or changed. */
export interface FileWatch {
  /** Returns the files that are new or changed, as far as the limits go. */
  collect(
    limits: ArtifactLimits,
    isMeant: (path: string) => boolean,
  ): { readonly artifacts: readonly GuestFile[]; readonly artifacts_truncated: boolean };
}

export function watchFiles(): FileWatch {
  const unchanged = new Map<string, object>();
  for (const { path, link } of returnable()) {
    const node = link.getNode();
    unchanged.set(path, node);
    const stop = node.changes.listen(() => {
      stop();
      unchanged.delete(path);
    });
  }
  return {
    collect(limits, isMeant) {
      const artifacts: GuestFile[] = [];
      let bytes = 0;
      let isTruncated = false;
      for (const { path, link } of returnable()) {
        const node = link.getNode();
        if (unchanged.get(path) === node || !isReturned(link, path, isMeant)) continue;
        const size = node.getSize();
        const isTooMuch = artifacts.length === limits.count || bytes + size > limits.bytes;
        if (isTooMuch || path.length > limits.path_chars) isTruncated = true;
        else {
          artifacts.push({ path, data: new Uint8Array(node.getBuffer()) });
          bytes += size;
        }
      }
      return { artifacts, artifacts_truncated: isTruncated };
    },
  };
}
