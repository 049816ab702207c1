// from: competitive programming
// stdin: 7\n
// stdout: ^8\n$

const input = require('fs').readFileSync('/dev/stdin').toString();
console.log(Number(input) + 1);
