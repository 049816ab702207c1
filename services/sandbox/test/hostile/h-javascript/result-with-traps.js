// A value that acts when it is looked at.
// expect: success | error
new Proxy({}, {
  get() { throw new Error('get'); },
  ownKeys() { throw new Error('ownKeys'); },
  getPrototypeOf() { throw new Error('getPrototypeOf'); },
  getOwnPropertyDescriptor() { throw new Error('descriptor'); },
});
