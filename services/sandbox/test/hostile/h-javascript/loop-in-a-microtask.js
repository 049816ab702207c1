// Ends, and then goes on in what was promised.
// expect: timeout
// timeout_ms: 500
Promise.resolve().then(() => { for (;;); });
console.log('done');
