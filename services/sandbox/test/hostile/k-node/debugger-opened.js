// The inspector, by its module and by the signal that starts it.
// only: namespaces
// expect: success|error|killed
// stdout: CONTAINED
console.log('CONTAINED');
try {
  require('node:inspector').open(9229, '0.0.0.0');
} catch {}
try {
  process.kill(process.ppid, 'SIGUSR1');
} catch {}
process._debugProcess?.(process.ppid);
