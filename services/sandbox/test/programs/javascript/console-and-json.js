// from: ordinary code
// stdout: ^\{"a":1\}\n$

console.log(JSON.stringify({ a: 1 }));
