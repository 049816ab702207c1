// Names that mean something to whoever reads the report.
// expect: success
// expect namespaces: error
const fs = require('fs');
const names = ['hostile.js', '..\\x', '-rf', 'hostile\nname', ' ', '\u202egnp.exe', '__proto__', 'constructor', 'toJSON', 'x'.repeat(5000), '../hostile-up', '/tmp/hostile-far', '\ud800'];
for (const name of names) {
  try { fs.writeFileSync(name, 'x'); } catch {}
}
fs.mkdirSync('a/../../../hostile-folder', { recursive: true });
