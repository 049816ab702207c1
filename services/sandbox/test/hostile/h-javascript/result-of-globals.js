// Everything there is.
// expect: success
globalThis;
