// Waits as threads wait, with nobody to wake it.
// expect: timeout | error
// timeout_ms: 500
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
