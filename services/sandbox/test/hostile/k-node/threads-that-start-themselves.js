// Threads of Node that start threads.
// only: namespaces
// expect: error|timeout|killed|out_of_memory
// timeout_ms: 4000
// memory_mb: 128
// alone: yes
const bomb = `const { Worker } = require('node:worker_threads');
const start = () => { try { new Worker(BOMB, { eval: true }).on('error', () => {}); } catch {} };
setInterval(start, 5);`;
const { Worker } = require('node:worker_threads');
const text = `globalThis.BOMB = ${JSON.stringify(bomb)}; ${bomb}`;
for (let i = 0; i < 100; i += 1) {
  try {
    new Worker(text, { eval: true }).on('error', () => {});
  } catch {}
}
setInterval(() => {}, 1000);
