import {
  chmodSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findEntries, type RawEntry } from '../../services/mcp-server/src/mesh-config/document/find-entries.ts';
import { removeFromJsonc, setInJsonc } from '../../services/mcp-server/src/mesh-config/document/edit-jsonc.ts';
import { DocumentError, parseJsonc } from '../../services/mcp-server/src/mesh-config/document/jsonc.ts';
import { CommandError } from './command-error.ts';

/** The text of mesh.json, with the entries in it. */
export interface MeshFile {
  readonly path: string;
  readonly text: string;
  readonly entries: readonly RawEntry[];
}

const EMPTY = '{\n  "mcpServers": {}\n}\n';

/** Opens mesh.json to edit it; one that does not exist is as if empty. @throws CommandError for one that is no JSON */
export function openMeshFile(path: string): MeshFile {
  if (/\.ya?ml$/i.test(path))
    throw new CommandError(`${path} is YAML; edit it by hand, or let MESH_CONFIG name a JSON file.`);
  const text = existsSync(path) ? readFileSync(path, 'utf8') : EMPTY;
  try {
    return { path, text, entries: findEntries(parseJsonc(text)).entries };
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    throw new CommandError(`${path}: ${error.message}. Correct it first; nothing was changed.`);
  }
}

/** Returns the file with an entry in place of the one of the same name, or after the others. */
export function withEntry(file: MeshFile, name: string, value: unknown): MeshFile {
  const known = file.entries.find((entry) => entry.name === name);
  const path = known?.path ?? ['mcpServers', name];
  return reread(file, setInJsonc(file.text, path, value));
}

/** Returns the file without an entry. @throws CommandError if there is none of that name */
export function withoutEntry(file: MeshFile, name: string): MeshFile {
  const known = file.entries.find((entry) => entry.name === name);
  if (known === undefined) throw new CommandError(`${file.path} has no entry ${JSON.stringify(name)}.`);
  return reread(file, removeFromJsonc(file.text, known.path));
}

const reread = ({ path }: MeshFile, text: string): MeshFile => ({
  path,
  text,
  entries: findEntries(parseJsonc(text)).entries,
});

/** Puts the file in place in one step, with its rights, also where its path is a link. */
export function saveMeshFile({ path, text }: MeshFile): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  const unfinished = join(dirname(target), `.${basename(target)}.${process.pid}`);
  try {
    writeFileSync(unfinished, text, { mode: 0o600 });
    chmodSync(unfinished, existsSync(target) ? statSync(target).mode : 0o644);
    renameSync(unfinished, target);
  } catch (cause) {
    rmSync(unfinished, { force: true });
    throw new CommandError(`${path} cannot be written; check its folder's rights.`, { cause });
  }
}
