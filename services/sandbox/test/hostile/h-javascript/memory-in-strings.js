// expect: out_of_memory | error
// memory_mb: 64
// timeout_ms: 15000
// alone: yes
const hoard = [];
for (let i = 0; ; i += 1) hoard.push(`${i}`.repeat(100_000).split('').join('-'));
