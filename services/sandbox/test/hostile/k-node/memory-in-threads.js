// A heap for each thread, with limits of its own choice.
// only: namespaces
// expect: out_of_memory
// memory_mb: 64
// timeout_ms: 20000
const { Worker } = require('node:worker_threads');
const text = 'const all = []; for (;;) all.push(new Array(1000).fill(all.length))';
for (let i = 0; i < 4; i += 1) {
  new Worker(text, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 65536 } }).on('error', () => {});
}
