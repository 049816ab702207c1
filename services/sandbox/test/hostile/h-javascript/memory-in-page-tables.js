// A buffer that is only read takes no memory but that of the tables that lead to it.
// expect: out_of_memory | error | success | timeout
// stdout: CONTAINED|^$
// memory_mb: 16
// alone: yes
const buffers = [];
let gigabytes = 0;
try {
  for (; gigabytes < 64; gigabytes += 1) {
    const bytes = new Uint8Array(2 ** 30);
    for (let i = 0; i < bytes.length; i += 2 ** 21) if (bytes[i] !== 0) throw new Error('not empty');
    buffers.push(bytes);
  }
} catch {
  // As it should be.
}
console.log(gigabytes === 64 ? 'ESCAPED with 128 MiB of tables' : 'CONTAINED');
