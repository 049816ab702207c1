// expect: success | error
let deep = {};
for (let i = 0; i < 100_000; i += 1) deep = { deep };
deep;
