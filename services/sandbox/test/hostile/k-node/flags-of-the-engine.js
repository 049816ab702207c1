// Flags that take limits away, at run time.
// only: namespaces
// expect: out_of_memory
// memory_mb: 64
// timeout_ms: 20000
const v8 = require('node:v8');
for (const flag of ['--max-old-space-size=65536', '--max-heap-size=65536', '--allow-natives-syntax', '--no-heap-growing-percent']) v8.setFlagsFromString(flag);
const all = [];
for (;;) all.push(new Array(1000).fill(all.length));
