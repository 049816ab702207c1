// A loop in what is called when the program is over.
// expect: timeout
// timeout_ms: 500
setTimeout(() => { for (;;); }, 10);
'done';
