// A value that says itself how it is shown.
// expect: success | error
({
  [Symbol.for('nodejs.util.inspect.custom')]() { return this.constructor.constructor('return typeof process.mainModule')(); },
  toString() { throw new Error('toString'); },
  get [Symbol.toStringTag]() { throw new Error('tag'); },
});
