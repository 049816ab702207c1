// expect: success | out_of_memory
// timeout_ms: 8000
console.log(new Array(200_000).fill({ a: [1, 2, 3] }));
console.log(new Array(2 ** 31));
