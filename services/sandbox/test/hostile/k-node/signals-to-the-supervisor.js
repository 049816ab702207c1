// Every signal to every process that is not its own.
// only: namespaces
// expect: success
// stdout: CONTAINED
const { signals } = require('node:os').constants;
for (const pid of [1, process.ppid]) {
  for (const name of Object.keys(signals)) {
    try {
      process.kill(pid, name);
    } catch {}
  }
}
console.log('CONTAINED');
