// Values without a JSON of their own.
// expect: success
const all = [undefined, null, NaN, -0, 10n ** 50n, Symbol('s'), new Date(NaN), /x/g, new Error('e'), () => {}, class A {}, '\ud800', new WeakMap()];
all.push(all, globalThis.Math, new Uint8Array(3), new ArrayBuffer(2), Object.create(null));
all;
