// Prelude: files and directories in memory. The working directory is WORK_DIR.

const WORK_DIR = '/work';

/** Makes the tree; `files` maps absolute paths to bytes. */
function createFileTree() {
  const files = new Map();
  const directories = new Set(['/', WORK_DIR]);
  const has = (path) => files.has(path) || directories.has(path);
  const makeDirectories = (path) => {
    for (let at = path; at !== '/'; at = parentPath(at)) directories.add(at);
  };
  return {
    files,
    directories,
    has,
    makeDirectories,
    requireParent(path, syscall, given) {
      if (!directories.has(parentPath(path))) failFileCall('ENOENT', syscall, given);
    },
    requireExisting(path, syscall, given) {
      if (!has(path)) failFileCall('ENOENT', syscall, given);
    },
    refuseDirectory(path, syscall, given) {
      if (directories.has(path)) failFileCall('EISDIR', syscall, given);
    },
    namesIn(path) {
      const prefix = path === '/' ? '/' : `${path}/`;
      const below = [...files.keys(), ...directories].filter((name) => name !== path && name.startsWith(prefix));
      return [...new Set(below.map((name) => name.slice(prefix.length).split('/')[0]))].sort();
    },
    statOf(path) {
      const isDirectory = directories.has(path);
      return { size: files.get(path)?.length ?? 0, isFile: () => !isDirectory, isDirectory: () => isDirectory };
    },
    /** Removes a file, or a directory with all that is in it; the working directory stays. */
    remove(path) {
      for (const name of [...files.keys(), ...directories]) {
        if (name !== path && !name.startsWith(`${path}/`)) continue;
        files.delete(name);
        if (name !== WORK_DIR) directories.delete(name);
      }
    },
    /** Adds a file below the working directory, with its directories. */
    put(relative, data) {
      const path = `${WORK_DIR}/${relative}`;
      makeDirectories(parentPath(path));
      files.set(path, data);
    },
  };
}

/** Makes a path absolute. */
function resolvePath(path) {
  const parts = [];
  for (const part of `${String(path).startsWith('/') ? '' : `${WORK_DIR}/`}${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

const parentPath = (path) => path.slice(0, Math.max(1, path.lastIndexOf('/')));

const FILE_ERRORS = {
  ENOENT: 'no such file or directory',
  EISDIR: 'illegal operation on a directory',
  EEXIST: 'file already exists',
};

/** Throws what Node throws. */
function failFileCall(code, syscall, path) {
  throw Object.assign(new Error(`${code}: ${FILE_ERRORS[code]}, ${syscall} '${path}'`), { code, syscall, path });
}
