// from: documentation of worker_threads
// only: namespaces
// stdout: ^from worker 10\nexit 0\n$

const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (isMainThread) {
  const w = new Worker(__filename, { workerData: 5 });
  w.on('message', (m) => console.log('from worker', m));
  w.on('exit', (c) => console.log('exit', c));
} else { parentPort.postMessage(workerData * 2); }
