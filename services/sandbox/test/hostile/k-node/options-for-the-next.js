// What another process of Node would load first.
// only: namespaces
// expect: success
// stdout: CONTAINED
// artifacts: package.json, .noderc.js
// runs: 2
const fs = require('node:fs');
if (globalThis.poisoned || fs.existsSync('/tmp/poison.js')) console.log('ESCAPED');
fs.writeFileSync('/tmp/poison.js', 'globalThis.poisoned = true');
fs.writeFileSync('.noderc.js', 'globalThis.poisoned = true');
fs.writeFileSync('package.json', '{"type":"module"}');
process.env.NODE_OPTIONS = '--require /tmp/poison.js';
console.log('CONTAINED');
