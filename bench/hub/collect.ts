// Preloaded into a measured process (`node --import`): on SIGUSR2 it collects garbage and writes to BENCH_MEMORY_FILE
// how much of its heap is then in use, in bytes.
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const file = process.env['BENCH_MEMORY_FILE'] ?? '';

process.on('SIGUSR2', () => {
  collect();
  // What waited for the first collection to be released goes with the second.
  setTimeout(() => {
    collect();
    writeFileSync(file, String(process.memoryUsage().heapUsed));
  }, 100);
});
