// from: node core
// stdout: ^true true a 1\n$

const util = require('util');
console.log(util.isDeepStrictEqual([1], [1]), util.types.isDate(new Date()), util.format('%s %d', 'a', 1));
