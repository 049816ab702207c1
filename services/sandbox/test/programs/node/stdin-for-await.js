// from: competitive programming
// only: namespaces
// stdin: 1\n2\n3
// stdout: ^6\n$

process.stdin.setEncoding('utf8');
let s = '';
for await (const chunk of process.stdin) s += chunk;
console.log(s.trim().split('\n').map(Number).reduce((a, b) => a + b));
