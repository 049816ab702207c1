// from: web API
// stdout: ^true false\n$

const a = { d: new Date(0), m: new Map([[1, 2]]) };
const b = structuredClone(a);
console.log(b.d instanceof Date && b.m.get(1) === 2, a.m === b.m);
