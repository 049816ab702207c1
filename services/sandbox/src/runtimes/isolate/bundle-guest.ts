import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { bundleScript } from '../bundle.ts';

/** The folder of the code that runs inside isolates. */
const GUEST = fileURLToPath(new URL('../../../guest/', import.meta.url));
const { resolve } = createRequire(join(GUEST, 'package.json'));

/** A guest's script, as the worker of that runtime finds it beside its own scripts. */
export type GuestName = 'javascript' | 'python-wasm';
const ENTRIES: Readonly<Record<GuestName, string>> = {
  javascript: 'program/entry',
  'python-wasm': 'python-wasm/entry',
};

/** In a package of the project the sources are JavaScript. */
const sourceOf = (path: string): string => {
  const file = join(GUEST, path);
  return existsSync(`${file}.ts`) ? `${file}.ts` : `${file}.js`;
};

/** Lists the files that a bundle depends on, beside the packages of the lockfile. */
export const guestSources = (): readonly string[] =>
  readdirSync(GUEST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();

/** Lists the versions of the packages that a bundle is made of. */
export const guestPackages = (): readonly string[] =>
  BUNDLED.map((name) => {
    const manifest = findPackageJSON(name, join(GUEST, 'package.json'));
    return manifest === undefined ? name : readFileSync(manifest, 'utf8');
  });

const BUNDLED = [
  '@exodus/bytes',
  '@noble/ciphers',
  '@noble/hashes',
  '@pkgjs/parseargs',
  'acorn',
  'assert',
  'buffer',
  'esbuild',
  'event-target-shim',
  'events',
  'fast-querystring',
  'memfs',
  'node-inspect-extracted',
  'pako',
  'path-browserify',
  'punycode',
  'readable-stream',
  'string_decoder',
  'tr46',
  'url',
  'util',
  'web-streams-polyfill',
  'whatwg-url',
];

/** Returns the script of a guest: all of it in one function, to be run once in a new isolate. */
export async function bundleGuest(name: GuestName): Promise<string> {
  const script = await bundleScript(sourceOf(ENTRIES[name]), {
    format: 'iife',
    platform: 'browser',
    define: { global: 'globalThis' },
    inject: [sourceOf('inject/engine'), sourceOf('inject/web')],
    plugins: [lazyModules, replacements],
  });
  // A program of a session may give its variables any of these names.
  return `(function (globalThis) { const { ${LANGUAGE} } = globalThis;\n${script}\n})(globalThis);`;
}

/** The globals of the language that the guest and its libraries use. */
const LANGUAGE = [
  'AggregateError, Array, ArrayBuffer, Atomics, BigInt, BigInt64Array, BigUint64Array, Boolean, DataView, Date, Error',
  'EvalError, FinalizationRegistry, Float32Array, Float64Array, Function, Int8Array, Int16Array, Int32Array, Intl',
  'Iterator, JSON, Map, Math, Number, Object, Promise, Proxy, RangeError, ReferenceError, Reflect, RegExp, Set, String',
  'Symbol, SyntaxError, TypeError, URIError, Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array, WeakMap, WeakRef',
  'WeakSet, WebAssembly, decodeURIComponent, encodeURIComponent, escape, isFinite, isNaN, parseFloat, parseInt, unescape',
].join(', ');

/** `lazy:./module.ts` imports a function that evaluates the module when it is first called. */
const lazyModules: Plugin = {
  name: 'lazy-modules',
  setup(build) {
    build.onResolve({ filter: /^lazy:/ }, ({ path, resolveDir }) => {
      const file = join(resolveDir, path.slice('lazy:'.length));
      return { path: existsSync(file) ? file : file.replace(/\.ts$/, '.js'), namespace: 'lazy' };
    });
    build.onLoad({ filter: /./, namespace: 'lazy' }, ({ path }) => ({
      contents: `module.exports = () => require(${JSON.stringify(path)});`,
      resolveDir: dirname(path),
    }));
  },
};

/** The packages that stand for modules of Node in other packages. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['assert', 'assert/build/assert.js'],
  ['buffer', 'buffer/index.js'],
  ['events', 'events/events.js'],
  ['path', 'path-browserify'],
  ['punycode', 'punycode/punycode.js'],
  ['safe-buffer', 'buffer/index.js'],
  ['stream', 'readable-stream/lib/ours/browser.js'],
  ['string_decoder', 'string_decoder/lib/string_decoder.js'],
  ['util', 'util/util.js'],
]);
/** Parts of packages that have a variant for engines without the web around them. */
const NATIVE_VARIANTS = /^\.\.?\/(?:fallback\/)?(?:platform|utf16|utf8\.auto)\.js$/;

/** Lets libraries use each other and the guest where they would use Node, a browser or large tables. */
const replacements: Plugin = {
  name: 'replacements',
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?[a-z_-]+\/?$/ }, ({ path }) => {
      const name = path.replace(/^node:|\/$/g, '');
      const file = PACKAGES.get(name);
      if (file !== undefined) return { path: resolve(file) };
      if (name === 'process') return { path: name, namespace: 'process' };
      if (name === 'url') return { path: sourceOf('node/url-like') };
      if (name === 'tr46') return { path: sourceOf('web/tr46') };
      return name === 'abort-controller' ? { path: sourceOf('web/abort') } : undefined;
    });
    build.onLoad({ filter: /./, namespace: 'process' }, () => ({
      contents: `module.exports = require(${JSON.stringify(sourceOf('inject/engine'))}).process;`,
      resolveDir: GUEST,
    }));
    build.onResolve({ filter: /^@exodus\/bytes\/encoding\.js$/ }, () => ({
      path: resolve('@exodus/bytes/encoding-lite.js'),
    }));
    build.onResolve({ filter: NATIVE_VARIANTS }, ({ path, resolveDir }) => {
      const file = join(resolveDir, path).replace(/\.js$/, '.native.js');
      return file.includes('/@exodus/bytes/') && existsSync(file) ? { path: file } : undefined;
    });
  },
};
