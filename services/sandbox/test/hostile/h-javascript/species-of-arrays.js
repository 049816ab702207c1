// Methods ask the program which class their result is to be.
// expect: success
// stdout: CONTAINED
class Spy extends Array {
  static get [Symbol.species]() { return function (...all) { Spy.seen = new.target?.constructor ?? all; return []; }; }
}
new Spy(1, 2, 3).map((x) => x).filter(Boolean).concat([1]);
const realm = Spy.seen?.constructor?.constructor?.('return globalThis')();
console.log(realm !== undefined && realm !== globalThis ? 'ESCAPED' : 'CONTAINED');
