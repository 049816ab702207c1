// Prelude: what a program finds around it: console, process, require and the like.

/** `locate` finds packages' files, `randomBytes(count)` returns an ArrayBuffer, `exit(code)` ends the program. */
function defineGlobals({ fs, print, exit, locate, randomBytes }) {
  const stream = (fd) => ({ fd, isTTY: false, write: (text) => (print(fd, String(text)), true) });
  const process = {
    argv: ['node', 'main.js'],
    env: {},
    platform: 'sandbox',
    version: '',
    versions: {},
    stdout: stream(1),
    stderr: stream(2),
    exitCode: undefined,
    cwd: () => WORK_DIR,
    exit: (exitCode = 0) => exit(Number(exitCode) & 0xff),
    nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)),
    hrtime: { bigint: () => BigInt(Date.now()) * 1_000_000n },
  };
  const console = createConsole(inspector, print);
  const performance = { timeOrigin: startedAt, now: () => Date.now() - startedAt };
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis;
  const timers = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate };
  const own = { fs, 'fs/promises': fs.promises, util, console, timers, perf_hooks: { performance } };
  const modules = createModules(own, locate);

  const hidden = { __import: modules.import, __importSync: modules.importSync };
  for (const [name, value] of Object.entries(hidden)) Object.defineProperty(globalThis, name, { value });
  Object.defineProperty(globalThis, CONSTANT, { get: () => undefined, set: refuseAssignment });
  const { require } = modules;
  const crypto = createCrypto(randomBytes);
  // What this Proxy makes, the inspector knows for what it is and does not set off its traps.
  const { Proxy } = inspector;
  const visible = { require, console, process, performance, crypto, Proxy };
  Object.assign(globalThis, visible, { global: globalThis });
  // Memory that no limit counts, and threads that there are none of.
  for (const name of ['WebAssembly', 'SharedArrayBuffer', 'Atomics']) delete globalThis[name];
}

function refuseAssignment() {
  throw new TypeError('Assignment to constant variable.');
}

const startedAt = Date.now();

const util = {
  inspect: inspector.inspect,
  format: inspector.format,
  promisify:
    (call) =>
    (...args) =>
      new Promise((resolve, reject) => {
        call(...args, (error, value) => (error ? reject(error) : resolve(value)));
      }),
};

/** The parts of Web Crypto that make random numbers. */
function createCrypto(randomBytes) {
  const getRandomValues = (view) => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    if (bytes.length > 65_536) throw new RangeError('At most 65536 bytes of random numbers can be had at once');
    bytes.set(new Uint8Array(randomBytes(bytes.length)));
    return view;
  };
  const randomUUID = () => {
    const bytes = getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };
  return { getRandomValues, randomUUID };
}
