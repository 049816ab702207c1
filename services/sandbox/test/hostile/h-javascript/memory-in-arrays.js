// expect: out_of_memory
// memory_mb: 64
// timeout_ms: 8000
// alone: yes
const hoard = [];
for (;;) hoard.push(new Array(1000).fill(1));
