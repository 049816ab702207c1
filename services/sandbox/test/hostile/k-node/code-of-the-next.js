// What the next worker is started from.
// only: namespaces
// expect: success
// stdout: CONTAINED
// runs: 2
const fs = require('node:fs');
const written = [];
for (const path of ['/opt/node/lib/program.cjs', '/opt/node/lib/program.cache', '/opt/node/lib/boot.cjs', '/opt/node/lib/new', '/opt/node/bin/node', '/opt/node/bin/esbuild', '/opt/sandbox/new', '/opt/packages/new', '/node_modules/x', '/usr/bin/new', process.execPath]) {
  for (const attempt of [() => fs.writeFileSync(path, 'x'), () => fs.unlinkSync(path), () => fs.renameSync(path, `${path}.old`), () => fs.chmodSync(path, 0o777)]) {
    try {
      attempt();
      written.push(path);
    } catch {}
  }
}
require('node:module').enableCompileCache('/tmp/cache');
console.log(written.length === 0 ? 'CONTAINED' : `ESCAPED ${written}`);
