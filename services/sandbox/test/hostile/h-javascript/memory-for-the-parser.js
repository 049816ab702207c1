// Source so long that the parser itself gives up.
// expect: error | out_of_memory | killed | timeout
// memory_mb: 64
// timeout_ms: 4000
// alone: yes
eval('1'.repeat(4e8));
