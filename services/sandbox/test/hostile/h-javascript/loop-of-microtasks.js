// Never gives the queue back.
// expect: timeout
// timeout_ms: 500
for (;;) await 0;
