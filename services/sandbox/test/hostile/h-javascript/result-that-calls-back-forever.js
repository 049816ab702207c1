// A "promise" that settles with another, and that with another.
// expect: timeout
// expect namespaces: success
// timeout_ms: 700
const endless = { then(resolve) { resolve({ then: endless.then }); } };
endless;
