// expect: timeout
// timeout_ms: 500
setInterval(() => {}, 1);
