// expect: timeout | out_of_memory | error
// memory_mb: 64
// timeout_ms: 800
let number = 3n;
for (;;) number **= 3n;
