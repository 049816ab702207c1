// A loop in what is called to show the result.
// expect: timeout | success
// timeout_ms: 500
({ [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } });
