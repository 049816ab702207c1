// from: node core
// status: error
// error: AssertionError

const assert = require('assert');
assert.deepStrictEqual({ a: 1 }, { a: 1 });
assert.equal(1, 2);
