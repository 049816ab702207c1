// Says over and over that it is done.
// only: namespaces
// expect: timeout
// timeout_ms: 1500
const until = Date.now() + 1000;
while (Date.now() < until) process.kill(process.ppid, 'SIGUSR1');
for (;;);
