// Machine code that the program has written: it may run, and is in the same jail.
// only: namespaces
// expect: success|error|killed
// stdout: CONTAINED
// artifacts: x.node
const fs = require('node:fs');
const path = require('node:path');
const libraries = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'].filter((folder) => fs.existsSync(folder));
const library = fs.readdirSync(libraries[0]).find((name) => /^libz\.so/.test(name));
fs.copyFileSync(path.join(libraries[0], library), '/tmp/library.node');
fs.writeFileSync('x.node', '\x7fELF');
for (const file of ['/work/x.node', '/tmp/library.node', '/opt/node/bin/node']) {
  try {
    process.dlopen({ exports: {} }, file);
  } catch {}
}
console.log(fs.existsSync('/etc/shadow') || process.getuid() === 0 ? 'ESCAPED' : 'CONTAINED');
