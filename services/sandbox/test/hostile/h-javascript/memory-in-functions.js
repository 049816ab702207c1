// Functions made from text, each with source of its own.
// expect: out_of_memory | timeout
// memory_mb: 64
// timeout_ms: 3000
// alone: yes
const hoard = [];
for (let i = 0; ; i += 1) hoard.push(new Function(`return ${i} + ${'1 + '.repeat(5000)} 0`));
