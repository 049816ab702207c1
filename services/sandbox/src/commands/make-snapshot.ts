// Saves the memory of an isolate, in a process of its own. Arguments: `javascript` and the path of its guest's script; or
// `python` and the directory for the interpreter's saved memory, whose path is printed, and the path of its guest's script.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { makeGuestSnapshot, readGuest, snapshotOf } from '../runtimes/isolate/guest.ts';
import { snapshotPath, writeSnapshot } from '../runtimes/python-wasm/snapshot.ts';

const [, , kind = '', ...paths] = process.argv;
if (kind === 'javascript') saveGuest(paths[0] ?? '');
else process.stdout.write(await savePython(paths[0] ?? '.', paths[1] ?? ''));
process.exit(0);

function saveGuest(script: string): void {
  writeFileSync(snapshotOf(script), Buffer.from(makeGuestSnapshot(readFileSync(script, 'utf8'))));
  chmodSync(snapshotOf(script), 0o644);
}

async function savePython(directory: string, script: string): Promise<string> {
  const guest = readGuest(script);
  const path = snapshotPath(directory, guest);
  if (!existsSync(path)) await writeSnapshot(path, guest);
  return path;
}
