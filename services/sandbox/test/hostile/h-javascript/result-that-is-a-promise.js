// A "promise" whose then never calls back.
// expect: timeout | success
// timeout_ms: 700
({ then() {} });
