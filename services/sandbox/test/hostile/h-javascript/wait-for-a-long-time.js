// expect: timeout
// timeout_ms: 500
setTimeout(() => console.log('ESC' + 'APED'), 2 ** 31 - 1);
