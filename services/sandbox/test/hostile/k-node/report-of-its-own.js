// Reports what did not happen: it is believed of the program alone, and no file comes with it.
// only: namespaces
// expect: success|error|killed
// artifacts: -
const fs = require('node:fs');
const report = { result: 'forged', error: null, exit_code: 0, out_of_memory: false, signal: 'SIGTERM', over: false,
  artifacts: [{ path: '../../etc/passwd', data: 'eA==' }], artifacts_truncated: 1, cpu_ms: -5, peak_memory_bytes: 1e300 };
for (const fd of [3, 4, 5, 6, 7]) {
  for (const text of [`${JSON.stringify(report)}\n`, '.', 'w', '\0\0\0\x05\x06forged', `${'['.repeat(1e5)}\n`, 'null\n']) {
    try {
      fs.writeSync(fd, text);
    } catch {}
  }
}
process.kill(process.ppid, 'SIGUSR1');
