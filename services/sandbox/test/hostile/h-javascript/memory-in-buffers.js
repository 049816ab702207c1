// Memory beside the heap.
// expect: out_of_memory
// memory_mb: 64
// timeout_ms: 8000
// alone: yes
const hoard = [];
for (;;) hoard.push(new Uint8Array(1e6).fill(1));
