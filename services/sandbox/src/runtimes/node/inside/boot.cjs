// Starts the bundle beside it from V8's code cache, which saves most of the time that its functions take to compile.
// `make-cache` as the second argument writes the cache.
'use strict';
const fs = require('node:fs');
const vm = require('node:vm');

const isMaking = process.argv[2] === 'make-cache';
let cachedData;
try {
  cachedData = isMaking ? undefined : fs.readFileSync(`${__dirname}/program.cache`);
} catch {
  // It runs without one, only slower.
}
const script = new vm.Script(`(require, module) => {${fs.readFileSync(`${__dirname}/program.cjs`, 'latin1')}\n}`, {
  // Its frames are of no more use to a program than those of Node's own modules, and are named like these.
  filename: 'node:internal/toolmesh',
  cachedData,
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
if (isMaking) process.on('exit', () => fs.writeFileSync(process.argv[3], script.createCachedData()));
script.runInThisContext()(require, module);
