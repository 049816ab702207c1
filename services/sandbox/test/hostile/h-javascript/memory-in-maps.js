// expect: out_of_memory
// memory_mb: 64
// timeout_ms: 8000
// alone: yes
const map = new Map();
for (let i = 0; ; i += 1) map.set(i, [i]);
