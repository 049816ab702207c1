// Prelude: the part of node:fs that programs use for their own files.

const STDIN_NAMES = new Set([0, '/dev/stdin']);
/** Made before a program can replace the class. */
const fileEncoder = new TextEncoder();

/**
 * Makes `{ fs, files, put }`: `files` maps absolute paths to bytes, `put(path, data)` adds one with its directories
 * below the working directory. `readStdin()` returns the content of standard input.
 */
function createFileSystem(readStdin) {
  const tree = createFileTree();
  const fs = { ...fileReaders(tree, readStdin), ...fileWriters(tree) };
  fs.appendFileSync = (given, data) => {
    const before = tree.files.get(resolvePath(given)) ?? new Uint8Array(0);
    const more = fileBytes(data);
    const both = new Uint8Array(before.length + more.length);
    both.set(before);
    both.set(more, before.length);
    fs.writeFileSync(given, both);
  };
  fs.copyFileSync = (from, to) => fs.writeFileSync(to, fs.readFileSync(from));
  fs.renameSync = (from, to) => {
    fs.copyFileSync(from, to);
    fs.rmSync(from);
  };
  fs.promises = Object.fromEntries(
    Object.entries(fs).map(([name, call]) => [name.replace(/Sync$/, ''), async (...args) => call(...args)]),
  );
  return { fs, files: tree.files, put: tree.put };
}

function fileReaders(tree, readStdin) {
  const { files, directories } = tree;
  return {
    readFileSync(given, options) {
      const path = resolvePath(given);
      const bytes = STDIN_NAMES.has(given) ? readStdin() : files.get(path);
      tree.refuseDirectory(path, 'read', given);
      if (bytes === undefined) failFileCall('ENOENT', 'open', given);
      const encoding = typeof options === 'string' ? options : options?.encoding;
      return encoding === undefined ? bytes.slice() : new TextDecoder(encoding).decode(bytes);
    },
    existsSync: (given) => tree.has(resolvePath(given)),
    readdirSync(given) {
      const path = resolvePath(given);
      if (!directories.has(path)) failFileCall('ENOENT', 'scandir', given);
      return tree.namesIn(path);
    },
    statSync(given) {
      const path = resolvePath(given);
      tree.requireExisting(path, 'stat', given);
      return tree.statOf(path);
    },
  };
}

function fileWriters(tree) {
  const { files, directories } = tree;
  const rmSync = (given, options = {}) => {
    const path = resolvePath(given);
    if (!options.force) tree.requireExisting(path, 'rm', given);
    if (!options.recursive) tree.refuseDirectory(path, 'rm', given);
    tree.remove(path);
  };
  return {
    writeFileSync(given, data) {
      const path = resolvePath(given);
      tree.requireParent(path, 'open', given);
      tree.refuseDirectory(path, 'open', given);
      files.set(path, fileBytes(data));
    },
    mkdirSync(given, options) {
      const path = resolvePath(given);
      if (options?.recursive) return tree.makeDirectories(path);
      tree.requireParent(path, 'mkdir', given);
      if (tree.has(path)) failFileCall('EEXIST', 'mkdir', given);
      directories.add(path);
      return undefined;
    },
    rmSync,
    unlinkSync: (given) => rmSync(given),
  };
}

/** Copies what a program writes. */
function fileBytes(data) {
  if (typeof data === 'string') return fileEncoder.encode(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  throw new TypeError('The data must be a string, an ArrayBuffer or a view of one');
}
