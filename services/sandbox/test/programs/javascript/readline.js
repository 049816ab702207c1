// from: competitive programming
// stdin: 1 2\n3 4\n
// stdout: ^10\n$

const lines = require('readline').createInterface({ input: process.stdin });
let sum = 0;
lines.on('line', (line) => { sum += line.split(' ').map(Number).reduce((a, b) => a + b); });
lines.on('close', () => console.log(sum));
