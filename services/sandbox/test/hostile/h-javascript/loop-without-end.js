// expect: timeout
// timeout_ms: 500
for (;;);
