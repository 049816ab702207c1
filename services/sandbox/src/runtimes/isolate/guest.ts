import { existsSync, readFileSync } from 'node:fs';
import ivm from 'isolated-vm';

/** The code that runs inside isolates of one runtime (services/sandbox/guest). */
export interface Guest {
  readonly script: string;
  /** The memory of an isolate that has run the script; without it, each isolate runs it. */
  readonly snapshot?: ivm.ExternalCopy<ArrayBuffer>;
}

/** The path of a guest's snapshot, beside its script. */
export const snapshotOf = (script: string): string => script.replace(/\.js$/, '.snapshot');

/** Reads a guest by the path of its script. */
export function readGuest(path: string): Guest {
  const snapshot = snapshotOf(path);
  // A program's isolate has the script in its snapshot.
  if (!existsSync(snapshot)) return { script: readFileSync(path, 'utf8') };
  const { buffer } = readFileSync(snapshot);
  if (!(buffer instanceof ArrayBuffer)) throw new Error(`${snapshot} cannot be read`);
  return { script: '', snapshot: new ivm.ExternalCopy(buffer, { transferList: [buffer] }) };
}

/** Makes the snapshot of a script; its function `warm` says what to compile ahead. */
export const makeGuestSnapshot = (script: string): ArrayBuffer =>
  ivm.Isolate.createSnapshot([{ code: script, filename: 'guest.js' }], '__guest.warm();').copy();

interface Started {
  readonly isolate: ivm.Isolate;
  readonly context: ivm.Context;
  readonly guest: Guest;
}

/** Connects a guest with its owner, whose parts it gets by their names; returns its functions. */
export async function startGuest(
  { isolate, context, guest }: Started,
  owner: readonly (readonly [name: string, part: unknown])[],
): Promise<ivm.Reference> {
  if (guest.snapshot === undefined) {
    await (await isolate.compileScript(guest.script, { filename: 'guest.js' })).run(context);
  }
  const parts = owner.map(([name], i) => `${name}: $${i}`);
  return context.evalClosure(
    `const { start } = __guest; delete globalThis.__guest; return start({ ${parts.join(', ')} });`,
    owner.map(([, part]) => part),
    { result: { reference: true } },
  );
}
