// expect: timeout
// timeout_ms: 600
for (;;) console.log('more '.repeat(200));
