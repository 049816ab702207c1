import { parentPort, workerData } from 'node:worker_threads';
import { parse } from 'yaml';

// As JSON: a value that contains itself is refused here rather than met later.
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origins
parentPort?.postMessage(JSON.stringify(parse(String(workerData))));
