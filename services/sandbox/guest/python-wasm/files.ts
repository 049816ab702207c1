import type { ArtifactLimits, GuestFile } from '../program/report.ts';
import { SCRATCH } from '../shared/scratch.ts';
import { OTHER_NAMES, WORK_DIR } from '../shared/work-directories.ts';
import type { EmscriptenFiles } from './pyodide.ts';

/** Bounds of a walk: a huge tree is not walked to its end. */
const MAX_DIRECTORIES = 10_000;
const MAX_FILES = 1_000;

export function writeFile(files: EmscriptenFiles, { path, data }: GuestFile): void {
  files.mkdirTree(path.replace(/\/[^/]*$/, ''));
  files.writeFile(path, data);
}

/** Makes the working directory, under all its names. */
export function makeWorkDirectory(files: EmscriptenFiles): void {
  files.mkdirTree(WORK_DIR);
  for (const path of OTHER_NAMES) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (folder !== '') files.mkdirTree(folder);
    if (!files.analyzePath(path).exists) files.symlink(WORK_DIR, path);
  }
  files.chdir(WORK_DIR);
}

/** Returns size and time of the files that a program may return, by path. */
export function stampFiles(files: EmscriptenFiles, sleep: () => void): ReadonlyMap<string, string> {
  const found = new Map(
    [...filesBelow(files, WORK_DIR), ...filesBelow(files, SCRATCH)].map((path) => [path, stampOf(files, path)]),
  );
  // What changes from here on has another time.
  const now = Date.now();
  while (found.size > 0 && Date.now() === now) sleep();
  return found;
}

function stampOf(files: EmscriptenFiles, path: string): string {
  const { size, mtime } = files.lstat(path);
  return `${size} ${mtime.getTime()}`;
}

interface Before {
  readonly given: readonly GuestFile[];
  /** Of the files before a program whose state is kept. */
  readonly stamps: ReadonlyMap<string, string>;
  /** Returns true for a file of the scratch directory that the program means to return. */
  readonly isMeant: (path: string) => boolean;
}

/** Returns the regular files that the program made or changed, as far as the limits go. */
export function collectArtifacts(files: EmscriptenFiles, { given, stamps, isMeant }: Before, limits: ArtifactLimits) {
  const unchanged = new Map(given.map(({ path, data }) => [path, data]));
  const artifacts: GuestFile[] = [];
  let bytes = 0;
  let isTruncated = false;
  const shown = filesBelow(files, SCRATCH).filter(isMeant);
  for (const path of [...filesBelow(files, WORK_DIR), ...shown]) {
    if (stamps.get(path) === stampOf(files, path)) continue;
    const data = readable(files, path);
    if (data === undefined) continue;
    const relative = path.startsWith(`${WORK_DIR}/`) ? path.slice(WORK_DIR.length + 1) : path.slice(1);
    if (isSame(unchanged.get(relative), data)) continue;
    const isTooMuch = artifacts.length === limits.count || bytes + data.length > limits.bytes;
    if (isTooMuch || relative.length > limits.path_chars) isTruncated = true;
    else {
      artifacts.push({ path: relative, data });
      bytes += data.length;
    }
  }
  return { artifacts, artifacts_truncated: isTruncated };
}

/** A program may have taken the right to read its files from everybody. */
function readable(files: EmscriptenFiles, path: string): Uint8Array | undefined {
  try {
    return files.readFile(path);
  } catch {
    return undefined;
  }
}

function modeOf(files: EmscriptenFiles, path: string): number {
  try {
    return files.lstat(path).mode;
  } catch {
    return 0;
  }
}

function namesIn(files: EmscriptenFiles, directory: string): readonly string[] {
  try {
    return files.readdir(directory).sort();
  } catch {
    return [];
  }
}

/** Returns the paths of regular files, in order; links are not followed. */
function filesBelow(files: EmscriptenFiles, root: string): readonly string[] {
  const found: string[] = [];
  const directories = files.isDir(modeOf(files, root)) ? [root] : [];
  for (const [visited, directory] of directories.entries()) {
    if (visited === MAX_DIRECTORIES) break;
    for (const name of namesIn(files, directory)) {
      if (name === '.' || name === '..') continue;
      const path = `${directory}/${name}`;
      const mode = modeOf(files, path);
      if (files.isDir(mode)) directories.push(path);
      else if (files.isFile(mode)) found.push(path);
      if (found.length > MAX_FILES) return found;
    }
  }
  return found;
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
