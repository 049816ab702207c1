// Things that are dangerous to print.
// expect: success
// stdout: end
const circle = { get bad() { throw new Error('getter'); } };
const plain = {};
plain.self = circle.self = circle;
console.log(circle, [circle], new Map([[circle, circle]]));
console.log(new Proxy(circle, { get() { throw new Error('trap'); } }));
console.log('%s %d %j %o %O %c %%', Symbol('s'), 1n, {}, circle, circle, 'css', 'more');
console.log({ toString: null, [Symbol.toPrimitive]: null, constructor: 5 });
console.table([plain]);
console.error('\ud800', '\0', '\x1b[2J');
console.group({ label: circle });
console.groupEnd();
console.groupEnd();
console.log('end');
