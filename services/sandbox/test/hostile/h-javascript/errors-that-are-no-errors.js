// What is thrown may be anything.
// expect: error
throw Object.assign(Object.create(null), { name: { toString: null }, message: 5n, stack: Symbol('stack') });
