// One call of the engine that takes minutes.
// expect: timeout | out_of_memory | error
// memory_mb: 256
// timeout_ms: 800
// alone: yes
new Array(2 ** 32 - 1).join('x').length;
