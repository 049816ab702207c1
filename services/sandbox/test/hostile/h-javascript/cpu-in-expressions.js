// Backtracking.
// expect: timeout
// timeout_ms: 500
/^(a+)+$/.test(`${'a'.repeat(50)}b`);
