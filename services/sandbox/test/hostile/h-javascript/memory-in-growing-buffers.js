// A buffer that is small and grows.
// expect: out_of_memory | error
// memory_mb: 64
// timeout_ms: 8000
// alone: yes
const buffer = new ArrayBuffer(0, { maxByteLength: 2 ** 31 });
for (let size = 2 ** 20; ; size += 2 ** 20) {
  buffer.resize(size);
  new Uint8Array(buffer).fill(1);
}
