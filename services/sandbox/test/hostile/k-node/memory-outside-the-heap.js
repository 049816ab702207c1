// Memory that the engine's limit does not count.
// only: namespaces
// expect: out_of_memory|error
// memory_mb: 64
// timeout_ms: 20000
const all = [];
for (;;) {
  all.push(Buffer.alloc(1 << 20, 1));
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 });
  new Uint8Array(memory.buffer).fill(1);
  all.push(memory);
}
