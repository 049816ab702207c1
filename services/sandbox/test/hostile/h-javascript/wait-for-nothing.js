// A promise that nobody settles.
// expect: timeout
// expect namespaces: error
// timeout_ms: 500
await new Promise(() => {});
