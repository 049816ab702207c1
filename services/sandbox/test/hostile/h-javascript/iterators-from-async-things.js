// Newer ways to call what a program hands over.
// only: isolate
// expect: success
// stdout: CONTAINED
const strange = {
  [Symbol.asyncIterator]() { return { next: async () => ({ get value() { return this.constructor.constructor('return typeof process.mainModule')(); }, done: this.over || !(this.over = true) }) }; },
};
const list = await Array.fromAsync(strange);
console.log(list.some((found) => found !== 'undefined') ? `ESCAPED: ${list}` : 'CONTAINED');
