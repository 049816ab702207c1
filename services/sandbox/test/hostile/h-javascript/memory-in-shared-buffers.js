// Memory that belongs to no isolate.
// expect: out_of_memory | error
// memory_mb: 64
// timeout_ms: 8000
// alone: yes
const hoard = [];
for (;;) hoard.push(new Uint8Array(new SharedArrayBuffer(2 ** 22)).fill(1));
