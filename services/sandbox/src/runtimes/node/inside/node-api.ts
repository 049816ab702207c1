const fs = process.getBuiltinModule('node:fs');

// A jail has no /proc, no network and no list of users. What Node reads there is had by other means, or is refused in
// words.

/** Makes the parts of `process` and the globals work that need what a jail has not. */
export function adaptProcess(): void {
  adaptMemoryUsage();
  adaptFetch();
}

function adaptMemoryUsage(): void {
  const residentBytes = (): number => process.resourceUsage().maxRSS * 1_024;
  const memoryUsage = (): NodeJS.MemoryUsage => {
    const heap = process.getBuiltinModule('node:v8').getHeapStatistics();
    return {
      rss: residentBytes(),
      heapTotal: heap.total_heap_size,
      heapUsed: heap.used_heap_size,
      external: heap.external_memory,
      arrayBuffers: 0,
    };
  };
  process.memoryUsage = Object.assign(memoryUsage, { rss: residentBytes });
}

const NO_NETWORK = 'fetch failed: programs in the sandbox have no network. Pass what they need as files or stdin';

/** Says why a request fails; one to the program's own server may succeed. */
function adaptFetch(): void {
  const described = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  if (described === undefined) return;
  const native: unknown = described.value ?? described.get;
  if (typeof native !== 'function') return;
  const fetch = async (...request: readonly unknown[]): Promise<unknown> => {
    try {
      return await Reflect.apply(native, globalThis, request);
    } catch (cause) {
      if (!(cause instanceof TypeError) || cause.message !== 'fetch failed') throw cause;
      throw new TypeError(NO_NETWORK, { cause });
    }
  };
  Object.defineProperty(globalThis, 'fetch', { ...DEFAULT, value: fetch });
}

const DEFAULT = { configurable: true, enumerable: true, writable: true };

let isOsAdapted = false;

/** Gives `os` answers where it would find none. */
export function adaptOs(): void {
  if (isOsAdapted) return;
  isOsAdapted = true;
  const os = process.getBuiltinModule('node:os');
  const { cpus, userInfo, networkInterfaces, availableParallelism } = os;
  const cpu = { model: 'virtual', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } };
  os.cpus = () => {
    const known = cpus();
    return known.length > 0 ? known : Array.from({ length: availableParallelism() }, () => structuredClone(cpu));
  };
  os.networkInterfaces = () => otherwise(networkInterfaces, {});
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, username: 'sandbox', homedir: '/work' };
  Reflect.set(os, 'userInfo', () => otherwise(userInfo, { ...user, shell: '/bin/sh' }));
}

function otherwise<Value>(known: () => Value, substitute: Value): Value {
  try {
    return known();
  } catch {
    return substitute;
  }
}

/** Names of the standard streams, which lead through /proc. */
const STREAMS: ReadonlyMap<unknown, number> = new Map(
  ['stdin', 'stdout', 'stderr'].flatMap((name, fd) => [
    [`/dev/${name}`, fd],
    [`/proc/self/fd/${fd}`, fd],
    [`/dev/fd/${fd}`, fd],
  ]),
);

type Method = (...given: readonly unknown[]) => unknown;

/** Lets a program that names the standard streams by their paths open them. */
export function adaptStreamPaths(code: string): void {
  if (!/\/dev\/(?:std|fd)|\/proc\/self\/fd/.test(code)) return;
  const methods = ['readFile', 'writeFile', 'appendFile'];
  for (const name of [...methods, ...methods.map((method) => `${method}Sync`)]) {
    replaceMethod(
      fs,
      name,
      (native) =>
        (path, ...rest) =>
          native(STREAMS.get(path) ?? path, ...rest),
    );
  }
  for (const name of ['openSync', 'existsSync']) {
    replaceMethod(
      fs,
      name,
      (native) =>
        (path, ...rest) =>
          STREAMS.get(path) ?? native(path, ...rest),
    );
  }
  for (const name of ['createReadStream', 'createWriteStream']) {
    replaceMethod(fs, name, (native) => (path, options) => {
      const fd = STREAMS.get(path);
      const given: object = typeof options === 'string' ? { encoding: options } : Object(options);
      return fd === undefined ? native(path, options) : native('', { ...given, fd, autoClose: false });
    });
  }
  for (const name of methods) {
    const byCallback: unknown = Reflect.get(fs, name);
    replaceMethod(fs.promises, name, (native) => (path, ...rest) => {
      if (!STREAMS.has(path) || typeof byCallback !== 'function') return native(path, ...rest);
      return new Promise((resolve, reject) => {
        const done = (error: unknown, data: unknown): void => (error === null ? resolve(data) : reject(Object(error)));
        Reflect.apply(byCallback, fs, [path, ...rest, done]);
      });
    });
  }
}

function replaceMethod(holder: object, name: string, make: (native: Method) => Method): void {
  const native: unknown = Reflect.get(holder, name);
  if (typeof native !== 'function') return;
  Reflect.set(
    holder,
    name,
    make((...given) => Reflect.apply(native, holder, given)),
  );
}
