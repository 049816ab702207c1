// expect: timeout | out_of_memory
// timeout_ms: 600
for (;;) process.stdout.write('x'.repeat(2 ** 20));
