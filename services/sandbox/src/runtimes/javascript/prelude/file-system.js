// Guest: the part of node:fs that programs use for their own files, in memory. The working directory is WORK_DIR.

const WORK_DIR = '/work';
const STDIN_NAMES = new Set([0, '/dev/stdin']);

/**
 * `{ fs, files, put }`: `files` maps absolute paths to bytes, `put(path, data)` adds one with its directories below the
 * working directory. `readStdin()` returns what standard input has.
 */
function createFileSystem(readStdin) {
  const files = new Map();
  const directories = new Set(['/', WORK_DIR]);
  const encoder = new TextEncoder();

  const resolve = (path) => {
    const parts = [];
    for (const part of `${String(path).startsWith('/') ? '' : `${WORK_DIR}/`}${path}`.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return `/${parts.join('/')}`;
  };
  const parentOf = (path) => path.slice(0, Math.max(1, path.lastIndexOf('/')));
  const fail = (code, message, syscall, path) => {
    throw Object.assign(new Error(`${code}: ${message}, ${syscall} '${path}'`), { code, syscall, path });
  };
  const requireParent = (path, syscall, given) => {
    if (!directories.has(parentOf(path))) fail('ENOENT', 'no such file or directory', syscall, given);
  };
  const encodingOf = (options) => (typeof options === 'string' ? options : options?.encoding);
  const toBytes = (data) => {
    if (typeof data === 'string') return encoder.encode(data);
    if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    throw new TypeError('The data must be a string, an ArrayBuffer or a view of one');
  };
  const childrenOf = (path) => {
    const prefix = path === '/' ? '/' : `${path}/`;
    const below = [...files.keys(), ...directories].filter((name) => name !== path && name.startsWith(prefix));
    return [...new Set(below.map((name) => name.slice(prefix.length).split('/')[0]))].sort();
  };
  const statOf = (path) => {
    const isDirectory = directories.has(path);
    return { size: files.get(path)?.length ?? 0, isFile: () => !isDirectory, isDirectory: () => isDirectory };
  };
  const makeDirectories = (path) => {
    for (let at = path; at !== '/'; at = parentOf(at)) directories.add(at);
  };
  const put = (relative, data) => {
    const path = `${WORK_DIR}/${relative}`;
    makeDirectories(parentOf(path));
    files.set(path, data);
  };

  const fs = {
    readFileSync(given, options) {
      const path = resolve(given);
      const bytes = STDIN_NAMES.has(given) ? readStdin() : files.get(path);
      if (directories.has(path)) fail('EISDIR', 'illegal operation on a directory', 'read', given);
      if (bytes === undefined) fail('ENOENT', 'no such file or directory', 'open', given);
      return encodingOf(options) === undefined ? bytes.slice() : new TextDecoder(encodingOf(options)).decode(bytes);
    },
    writeFileSync(given, data) {
      const path = resolve(given);
      requireParent(path, 'open', given);
      if (directories.has(path)) fail('EISDIR', 'illegal operation on a directory', 'open', given);
      files.set(path, toBytes(data));
    },
    appendFileSync(given, data) {
      const before = files.get(resolve(given)) ?? new Uint8Array(0);
      const more = toBytes(data);
      const both = new Uint8Array(before.length + more.length);
      both.set(before);
      both.set(more, before.length);
      fs.writeFileSync(given, both);
    },
    existsSync: (given) => files.has(resolve(given)) || directories.has(resolve(given)),
    readdirSync(given) {
      const path = resolve(given);
      if (!directories.has(path)) fail('ENOENT', 'no such file or directory', 'scandir', given);
      return childrenOf(path);
    },
    mkdirSync(given, options) {
      const path = resolve(given);
      if (options?.recursive) return makeDirectories(path);
      requireParent(path, 'mkdir', given);
      if (fs.existsSync(given)) fail('EEXIST', 'file already exists', 'mkdir', given);
      directories.add(path);
      return undefined;
    },
    statSync(given) {
      if (!fs.existsSync(given)) fail('ENOENT', 'no such file or directory', 'stat', given);
      return statOf(resolve(given));
    },
    rmSync(given, options = {}) {
      const path = resolve(given);
      if (!fs.existsSync(given) && !options.force) fail('ENOENT', 'no such file or directory', 'rm', given);
      if (directories.has(path) && !options.recursive) fail('EISDIR', 'illegal operation on a directory', 'rm', given);
      for (const name of [...files.keys(), ...directories]) {
        if (name !== path && !name.startsWith(`${path}/`)) continue;
        files.delete(name);
        if (name !== WORK_DIR) directories.delete(name);
      }
    },
    unlinkSync: (given) => fs.rmSync(given),
    renameSync(from, to) {
      fs.writeFileSync(to, fs.readFileSync(from));
      fs.rmSync(from);
    },
    copyFileSync: (from, to) => fs.writeFileSync(to, fs.readFileSync(from)),
  };
  fs.promises = Object.fromEntries(
    Object.entries(fs).map(([name, call]) => [name.replace(/Sync$/, ''), async (...args) => call(...args)]),
  );
  return { fs, files, put };
}
