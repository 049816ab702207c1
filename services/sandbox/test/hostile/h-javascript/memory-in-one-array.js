// expect: out_of_memory | timeout
// memory_mb: 64
// timeout_ms: 4000
// alone: yes
new Array(1e9).fill(1);
