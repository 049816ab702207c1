// expect: timeout
// timeout_ms: 500
[2, 1].sort(() => { for (;;); });
