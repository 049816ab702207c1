// Text that is a type for one reader and code for another.
// only: isolate
// expect: success | error
// stdout: CONTAINED|^$
const a = 1 as any as { [key: string]: () => typeof import('node:child_process') };
const b = a < (5 as number) > (typeof process.binding as any);
let c: typeof import('/etc/passwd');
console.log(typeof (globalThis as any).process.binding === 'undefined' ? 'CONTAINED' : 'ESCAPED', b, c);
