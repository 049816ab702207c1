// A process that runs one Python program in Pyodide, or those of a session one after the other.
// Arguments: the path of the interpreter's saved memory, and that of a directory with packages of pure Python, if any.
import { fileURLToPath } from 'node:url';
import { serveWorker } from '../../workers/serve-worker.ts';
import { readGuest } from '../isolate/guest.ts';
import { loadInterpreter } from './interpreter.ts';
import { readPackages } from './read-packages.ts';
import { readSnapshot } from './snapshot.ts';

/** Made beside the scripts (worker-scripts.ts). */
const GUEST = fileURLToPath(new URL('../../../../../guest/python-wasm.js', import.meta.url));

await serveWorker(async () => {
  const [, , snapshot = '', packages] = process.argv;
  const python = await loadInterpreter(readGuest(GUEST), readSnapshot(snapshot));
  return { ...python, version: await python.start(packages === undefined ? [] : readPackages(packages)) };
});
