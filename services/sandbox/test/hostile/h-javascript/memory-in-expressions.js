// Expressions compiled into code, which is memory of another kind.
// expect: out_of_memory | timeout | error
// memory_mb: 64
// timeout_ms: 3000
// alone: yes
const hoard = [];
for (let i = 0; ; i += 1) {
  hoard.push(new RegExp(`(${i}|${'a|'.repeat(2000)}b)+$`));
  hoard.at(-1).test('aab');
}
