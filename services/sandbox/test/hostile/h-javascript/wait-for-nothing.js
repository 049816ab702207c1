// A promise that nobody settles.
// expect: timeout
// timeout_ms: 500
await new Promise(() => {});
