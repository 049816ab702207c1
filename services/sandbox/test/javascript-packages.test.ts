import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { killWorkers, openWorker } from './javascript-worker.ts';

const MIB = 1_024 ** 2;

/** Packages, each file below `node_modules`. */
const FILES: Readonly<Record<string, string>> = {
  'plain/index.js': 'module.exports = (a) => a + 1; module.exports.extra = __filename;',
  'main/package.json': '{ "main": "lib" }',
  'main/lib/index.js':
    'exports.data = require("./data"); exports.folder = require("./folder"); exports.same = this === exports',
  'main/lib/data.json': '{ "a": [1] }',
  'main/lib/folder/index.js': 'module.exports = require("..") === require("../index.js")',
  'cycle/index.js': 'exports.first = 1; exports.b = require("./b"); exports.last = 2',
  'cycle/b.js': 'const a = require("."); exports.seen = Object.keys(a)',

  'dual/package.json': JSON.stringify({
    exports: {
      '.': { types: './none.d.ts', import: './esm.mjs', require: './cjs.cjs' },
      './sub': './sub.js',
      './deep/*': './inner/*.js',
      './closed/*': null,
    },
  }),
  'dual/esm.mjs': 'export const kind = "esm"; export default function () {}',
  'dual/cjs.cjs': 'exports.kind = "cjs"',
  'dual/sub.js': 'export default "sub"; export const url = import.meta.url',
  'dual/inner/x.js': 'module.exports = "deep"',

  'browser/package.json': '{ "exports": { "node": "./node.js", "browser": "./browser.js" } }',
  'browser/node.js': 'require("node:net")',
  'browser/browser.js': 'module.exports = "browser"',
  'mapped/package.json':
    '{ "browser": { "./node.js": "./browser.js", "net": false, "./up.js": "./../plain/index.js" } }',
  'mapped/index.js': 'module.exports = [require("./node"), require("net")]',
  'mapped/node.js': 'require("net").connect()',
  'mapped/browser.js': 'module.exports = "browser"',
  'mapped/up.js': '',
  'noded/package.json': '{ "exports": { "node": "./node.js" } }',
  'noded/node.js': 'module.exports = "node"',

  'nested/index.js': 'module.exports = [require("inner"), require("plain")(1)]',
  'nested/node_modules/inner/index.js': 'module.exports = "nested"',
  'inner/index.js': 'module.exports = "outer"',

  '@scope/own/package.json': JSON.stringify({
    name: '@scope/own',
    type: 'module',
    exports: { '.': './index.js', './self': './self.js' },
    imports: { '#hidden': './hidden.js', '#plain': 'plain' },
  }),
  '@scope/own/index.js':
    'export { default as hidden } from "#hidden"; export * as self from "@scope/own/self"; import plain from "#plain"; export const two = plain(1)',
  '@scope/own/hidden.js': 'export default "hidden"',
  '@scope/own/self.js': 'export const self = true',

  'esm/package.json': '{ "type": "module", "main": "./index.js" }',
  'esm/index.js': [
    'export * from "./a.js"; export * as b from "./b.js"; export { count as counted, increment } from "./count.js"',
    'import plain, { extra } from "plain"; import data from "../main/lib/data.json" with { type: "json" };',
    'export { plain, data }; export const kept = extra; export default class { };',
    'export const later = () => import("./count.js"); export { isThisUndefined as "a name" }; const isThisUndefined = this === undefined',
  ].join('\n'),
  'esm/a.js':
    'import { fromB, B } from "./b.js"; export function fromA() { return "a" } export const both = () => fromA() + fromB(); export class A {} export const sub = new B()',
  'esm/b.js':
    'import { fromA, A } from "./a.js"; export const early = fromA(); export function fromB() { return "b" } export class B {} export const isLate = () => new A() instanceof A',
  'esm/count.js': 'export let count = 0; export function increment() { count += 1; return count }',
  'tail/index.mjs': 'export let state; export default (given) => state = given',
  'user/index.mjs': 'import { counted, increment } from "esm"; export default () => [counted, increment(), counted]',
  'from-cjs/index.js':
    'const esm = require("esm"); module.exports = [esm.fromA(), esm.default.name, esm.__esModule]; exports.late = () => import("esm")',
  'undeclared/index.js': 'import { fromA } from "esm"; export const a = fromA()',

  'awaits/index.mjs': 'export default await 1',
  'throws/index.js': 'throw new RangeError("while loading")',
  'broken/index.js': 'let = ;',
  'native/index.js': 'require("./addon.node")',
  'native/addon.node': '',
  'upwards/package.json': '{ "main": "../../../secret.js" }',
  'target/package.json': '{ "exports": { ".": "./../../../secret.js", "./*": "./lib/*" } }',
  'linked/index.js': 'require("./out.js")',
  'huge/index.js': `//${'x'.repeat(8 * MIB)}`,
  ...Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`large/${i}.js`, `exports.n = ${i} //${'x'.repeat(7.5 * MIB)}`]),
  ),
};

let directory: string;
beforeAll(() => {
  const root = mkdtempSync(join(tmpdir(), 'toolmesh-packages-'));
  directory = join(root, 'layer');
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(directory, 'node_modules', path)), { recursive: true });
    writeFileSync(join(directory, 'node_modules', path), text);
  }
  writeFileSync(join(root, 'secret.js'), 'module.exports = "secret"');
  writeFileSync(join(root, 'secret.json'), '"secret"');
  symlinkSync(join(root, 'secret.js'), join(directory, 'node_modules/linked/out.js'));
  symlinkSync(root, join(directory, 'node_modules/folder-link'));
  symlinkSync('./plain', join(directory, 'node_modules/alias'));
});
afterAll(() => rmSync(dirname(directory), { recursive: true, force: true }));
afterEach(killWorkers);

describe('packages', () => {
  const values: [string, string][] = [
    ['require("plain")(1)', '2'],
    ['import plain, { extra } from "plain"; [plain(1), extra]', "[ 2, 'node_modules/plain/index.js' ]"],
    ['import * as all from "plain"; Object.keys(all)', "[ 'extra', 'default' ]"],
    ['(await import("plain")).default(2)', '3'],
    ['require("main")', '{ data: { a: [ 1 ] }, folder: true, same: true }'],
    ['require("main/lib/data.json").a', '[ 1 ]'],
    ['const { first, b, last } = require("cycle"); [first, b.seen, last]', "[ 1, [ 'first' ], 2 ]"],
    ['import dual, { kind } from "dual"; [kind, require("dual").kind, dual.name]', "[ 'esm', 'cjs', 'default' ]"],
    ['import sub, { url } from "dual/sub"; [sub, url]', "[ 'sub', 'file:///node_modules/dual/sub.js' ]"],
    ['require("dual/deep/x")', "'deep'"],
    ['[require("browser"), require("noded")]', "[ 'browser', 'node' ]"],
    ['require("mapped")', "[ 'browser', {} ]"],
    ['[require("nested"), require("inner")]', "[ [ 'nested', 2 ], 'outer' ]"],
    ['import { hidden, self, two } from "@scope/own"; [hidden, self.self, two]', "[ 'hidden', true, 2 ]"],
    [
      'import { both, b, sub, plain, data } from "esm"; [both(), b.early, b.isLate(), plain(1), data.a, sub instanceof b.B]',
      "[ 'ab', 'a', true, 2, [ 1 ], true ]",
    ],
    [
      'import E, { "a name" as name, kept } from "esm"; [E.name, name, kept]',
      "[ 'default', true, 'node_modules/plain/index.js' ]",
    ],
    ['import use from "user"; [...use(), ...use()]', '[ 0, 1, 1, 1, 2, 2 ]'],
    ['import * as esm from "esm"; esm.increment(); [esm.counted, (await esm.later()).count]', '[ 1, 1 ]'],
    ['import * as dual from "dual"; dual', "[Module: null prototype] { kind: 'esm', default: [Function: default] }"],
    [
      'import plain, * as all from "plain"; [all.default === plain, all.extra]',
      "[ true, 'node_modules/plain/index.js' ]",
    ],
    ['import * as tail from "tail"; tail.default(3); tail.state', '3'],
    ['require("from-cjs")', "[ 'a', 'default', true ]"],
    ['require("undeclared").a', "'a'"],
    ['require("alias") === require("plain")', 'true'],
    ['import data from "main/lib/data.json" with { type: "json" }; data', '{ a: [ 1 ] }'],
  ];
  test.each(values)('%s is %s', async (code, result) => {
    const run = await openWorker(directory);
    expect(await run(code)).toMatchObject({ error: null, result });
  });

  test('packages are loaded once, for all programs of a session', async () => {
    const run = await openWorker(directory);
    await run('import { increment } from "esm"; increment()');
    expect((await run('import { increment as again } from "esm"; [again(), require("esm").counted]')).result).toBe(
      '[ 2, 2 ]',
    );
  });

  test('packages leave no frames in tracebacks', async () => {
    const run = await openWorker(directory);
    const { error } = await run('\nrequire("throws")');
    expect(error).toMatchObject({ type: 'RangeError', traceback: 'RangeError: while loading\n    at main.js:2:1' });
    expect((await run('require("throws")')).error).toMatchObject({ message: 'while loading' });
  });
});

describe('a missing module is reported:', () => {
  const refusals: [string, string | RegExp][] = [
    ['import { tools } from "toolmesh"', /^Cannot find module 'toolmesh': it calls tools\. .* install bubblewrap/],
    ['require("net")', /^Cannot find module 'net': it talks to the network/],
    [
      'require("nobody")',
      /: run it with packages: \["nobody"\]; the sandbox has assert, .*, and the packages .*alias, /,
    ],
    ['import "node:http"', /^Cannot find module 'node:http': it talks to the network\. .* install bubblewrap/],
    ['await import("nowhere")', /^Cannot find module 'nowhere'/],
    ['import { nothing } from "plain"', "The requested module 'plain' does not provide an export named 'nothing'"],
    ['import { nothing } from "fs"', "The requested module 'fs' does not provide an export named 'nothing'"],
    ['require("dual/inner/x")', /^Cannot import 'dual\/inner\/x': Missing/],
    ['require("dual/closed/x")', /^Cannot import 'dual\/closed\/x'/],
    ['require("./main.js")', /^Cannot find module '\.\/main\.js'/],
    ['import "awaits"', 'node_modules/awaits/index.mjs: packages that await at their top level cannot be loaded'],
    ['require("broken")', /^Unexpected token/],
    ['require("native")', /^node_modules\/native\/addon\.node is machine code/],
    ['require("huge")', 'node_modules/huge/index.js is larger than 8388608 bytes'],
    [
      'for (let i = 0; i < 9; i += 1) require(`large/${i}`)',
      'The packages of a program may have 67108864 bytes of code',
    ],
  ];
  test.each(refusals)('%s', async (code, message) => {
    const run = await openWorker(directory);
    expect((await run(code, { timeoutMs: 60_000 })).error?.message).toMatch(message);
  });

  test('a missing module is reported without packages, too', async () => {
    const run = await openWorker();
    expect((await run('require("plain")')).error?.message).toMatch(
      /^Cannot find module 'plain': run it with packages: \["plain"\]; the sandbox has assert[^:]*$/,
    );
  });
});

describe('nothing outside of the directory can be read', () => {
  const attempts = [
    '../secret.js',
    '../../secret.js',
    'plain/../../../secret.js',
    'plain/../../../secret.json',
    '@x/../../../secret.js',
    '/etc/passwd',
    '\\0/etc/passwd',
    'plain\\0',
    '%2e%2e/secret.js',
    'file:///etc/passwd',
    'upwards',
    'target',
    'mapped/up.js',
    'target/..%2f..%2f../secret.js',
    'target/../../../../secret.js',
    'linked',
    'folder-link/secret.js',
    'folder-link/secret.json',
    '#secret',
    '',
    '.',
    '..',
    'node_modules',
    'constructor',
    '__proto__',
  ];
  test.each(attempts)('nothing outside is read by %j', async (specifier) => {
    const run = await openWorker(directory);
    for (const load of ['require', 'await import']) {
      const { error, result } = await run(`${load}("${specifier}")`);
      expect(result).toBeNull();
      expect(error?.message).toMatch(/^(Cannot find module|The package in node_modules\/\w+ leads out of its folder)/);
      expect(JSON.stringify(error)).not.toContain(dirname(directory));
    }
  });
});
