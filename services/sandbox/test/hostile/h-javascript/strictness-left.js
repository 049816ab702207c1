// Old language: with, octals, arguments that are variables.
// expect: success
// stdout: CONTAINED
with ({ process: 5 }) { if (typeof process !== 'number') console.log('ESCAPED'); }
var octal = 010;
function sloppy(a) { arguments[0] = 2; return this === globalThis; }
sloppy(1);
console.log('CONTAINED');
