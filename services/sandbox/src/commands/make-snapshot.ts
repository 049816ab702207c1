// Makes the interpreter's saved memory where it is missing, in a process of its own. Argument: the directory for it.
import { existsSync } from 'node:fs';
import { snapshotPath, writeSnapshot } from '../runtimes/python-wasm/snapshot.ts';

const path = snapshotPath(process.argv[2] ?? '.');
if (!existsSync(path)) await writeSnapshot(path);
process.stdout.write(path);
process.exit(0);
