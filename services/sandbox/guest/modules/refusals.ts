/** A file of a package or of the program, or the reason why there is none (package-files.ts). */
export type Located =
  | { readonly id: string; readonly format: 'commonjs' | 'module' | 'json' | 'unknown'; readonly source?: string }
  | { readonly refusal: string; readonly code: string; readonly packages: readonly string[] };

/** An error of require() or import. */
export class Refusal extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Names the way to have what an isolate has not. */
const NEEDS_JAIL =
  'JavaScript runs here in an isolate without it. It needs the namespaces jail, in which JavaScript is real Node: ' +
  'install bubblewrap where the sandbox runs (see its README)';

/** The purposes of modules that programs have in Node, and that an isolate cannot have. */
const LACKING: ReadonlyMap<string, string> = new Map([
  ['child_process', 'starts processes'],
  ['worker_threads', 'starts threads'],
  ['cluster', 'starts processes'],
  ['http', 'talks to the network'],
  ['https', 'talks to the network'],
  ['http2', 'talks to the network'],
  ['net', 'talks to the network'],
  ['tls', 'talks to the network'],
  ['dgram', 'talks to the network'],
  ['dns', 'talks to the network'],
  ['dns/promises', 'talks to the network'],
  ['inspector', 'debugs the process'],
  ['repl', 'reads a terminal'],
  ['sqlite', 'is native code'],
  ['v8', 'is about the engine'],
  ['vm', 'makes contexts'],
  ['wasi', 'runs WebAssembly'],
  ['async_hooks', 'follows the event loop'],
  ['diagnostics_channel', 'follows the process'],
  ['trace_events', 'follows the process'],
  ['test', 'runs tests in processes'],
  ['domain', 'follows the event loop'],
  ['toolmesh', 'calls tools'],
]);

interface Asked {
  readonly specifier: string;
  /** The file that asks, '' for the program. */
  readonly parent: string;
  readonly builtins: readonly string[];
}

/** Returns the message for a module that is not there: the reason, and the way to get it. */
export function describeMissing(
  { refusal, code, packages }: Extract<Located, { refusal: string }>,
  { specifier, parent, builtins }: Asked,
): string {
  if (code === 'ERR_NATIVE') return `${refusal}: ${NEEDS_JAIL}`;
  if (code !== 'MODULE_NOT_FOUND') return refusal;
  const asker = parent === '' ? '' : `, which ${parent} asks for`;
  const name = specifier.replace(/^node:/, '');
  const purpose = LACKING.get(name);
  if (purpose !== undefined) return `Cannot find module '${specifier}'${asker}: it ${purpose}. ${NEEDS_JAIL}`;
  const there = `the sandbox has ${builtins.join(', ')}`;
  const also = packages.length === 0 ? '' : `, and the packages ${packages.join(', ')}`;
  const [, bare] = PACKAGE.exec(name) ?? [];
  const cure =
    bare === undefined || specifier.startsWith('node:') || parent !== '' ? '' : `: run it with packages: ["${bare}"]`;
  return `Cannot find module '${specifier}'${asker}${cure === '' ? ': ' : `${cure}; `}${there}${also}`;
}

/** The name of a package in a specifier such as `lodash/fp` or `@scope/name`. */
const PACKAGE = /^((?:@[a-z0-9][\w.~-]*\/)?[a-z0-9][\w.~-]*)(?:\/.*)?$/is;
