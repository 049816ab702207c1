// State that the next program of the same kind might see.
// expect: success
// stdout: CONTAINED
// runs: 2
const fs = require('fs');
const marks = [globalThis.mark, Object.prototype.mark, Array.mark, console.mark, process.env.mark, fs.mark, fs.existsSync('/tmp/hostile-mark'), Math.random.mark];
console.log(marks.some(Boolean) ? `ESCAPED: ${marks}` : 'CONTAINED');
globalThis.mark = Object.prototype.mark = Array.mark = console.mark = process.env.mark = fs.mark = Math.random.mark = 1;
fs.mkdirSync('/tmp', { recursive: true });
fs.writeFileSync('/tmp/hostile-mark', 'x');
