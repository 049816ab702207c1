// from: an error class of its own
// only: namespaces
// status: error
// error: ^MyError: m
// stderr: at main\.js:2:7

class MyError extends Error {}
throw new MyError('m');
