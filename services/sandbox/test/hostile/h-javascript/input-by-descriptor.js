// Descriptors other than the input.
// only: isolate
// expect: success
// stdout: CONTAINED
const fs = require('fs');
for (let fd = 1; fd < 64; fd += 1) {
  try { console.log('ESCAPED to', fd, fs.readFileSync(fd)); } catch {}
}
console.log('CONTAINED');
