import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { findEntries, type RawEntry } from '../../services/mcp-server/src/mesh-config/document/find-entries.ts';
import { DocumentError } from '../../services/mcp-server/src/mesh-config/document/jsonc.ts';
import { readDocument } from '../../services/mcp-server/src/mesh-config/document/read-document.ts';
import { projectOf } from '../../services/mcp-server/src/mesh-config/load-mesh-config.ts';
import { type Adopted, adoptEntry } from './adopt-entry.ts';
import { unsetVariables } from './check-entry.ts';
import { type ClientFiles, clientFiles } from './client-files.ts';
import { CommandError } from './command-error.ts';
import { describeEntry } from './describe-entry.ts';
import { openMeshFile, saveMeshFile, withEntry } from './mesh-file.ts';
import type { Surroundings } from './surroundings.ts';

export interface ImportOptions {
  /** A program, the path of a file, or undefined for all programs. */
  readonly source: string | undefined;
  /** Adds without asking. */
  readonly yes: boolean;
  /** Replaces entries of the same name. */
  readonly force: boolean;
}

interface Found extends Adopted {
  readonly name: string;
  readonly path: string;
}

/** Adds the servers of another program to mesh.json, after showing them. Returns whether something was added. */
export async function importEntries({ source, yes, force }: ImportOptions, around: Surroundings): Promise<boolean> {
  const { print, ask } = around;
  const found = filesFor(source, around).flatMap((file) => entriesIn(file, around));
  const file = openMeshFile(around.path);
  const known = new Set(file.entries.map(({ name }) => name));
  const fresh = found.filter(({ name }, index) => found.findIndex((other) => other.name === name) === index);
  const wanted = fresh.filter(({ name }) => force || !known.has(name));
  for (const { name } of fresh.filter((entry) => !wanted.includes(entry))) {
    print(`kept    ${name}: mesh.json has an entry of this name; --force replaces it`);
  }
  for (const { name, value, path, warnings } of wanted) {
    print(`${known.has(name) ? 'replace' : 'add    '} ${name}: ${describeEntry({ name, path: [], value })}  (${path})`);
    for (const warning of warnings) print(`          ${warning}`);
  }
  if (wanted.length === 0) {
    print('Nothing is to be added.');
    return false;
  }
  if (!yes && !(await isAgreed(wanted.length, around))) {
    print(ask === undefined ? 'Nothing was changed: run it again with --yes.' : 'Nothing was changed.');
    return false;
  }
  saveMeshFile(wanted.reduce((edited, { name, value }) => withEntry(edited, name, value), file));
  print(`Added ${wanted.length} to ${around.path}.`);
  for (const { name, value, secrets } of wanted) {
    for (const variable of unsetVariables(name, value, around))
      print(`  Set       ${variable}=... in .env, for ${name}`);
    for (const secret of secrets) {
      print(
        `  Advice    ${name}: ${secret} may be a secret; put it into .env and write \${${secret.replaceAll('-', '_').toUpperCase()}}`,
      );
    }
  }
  print('  Try them  npm run mesh -- test');
  return true;
}

async function isAgreed(count: number, { ask }: Surroundings): Promise<boolean> {
  if (ask === undefined) return false;
  return /^y(es)?$/i.test(await ask(`Add ${count === 1 ? 'it' : `these ${count}`}? [y/N] `));
}

/** Returns the files to read. @throws CommandError that says what was looked for */
function filesFor(source: string | undefined, { home, folder, env }: Surroundings): readonly ClientFiles[] {
  const programs = clientFiles({ platform: process.platform, home: home || homedir(), folder, env });
  const existing = (client: ClientFiles): ClientFiles => ({
    ...client,
    paths: client.paths.filter((path) => existsSync(path)),
  });
  if (source === undefined) {
    const found = programs.map(existing).filter(({ paths }) => paths.length > 0);
    if (found.length > 0) return found;
    throw new CommandError(`No file of ${programs.map(({ program }) => program).join(', ')} was found; give its path.`);
  }
  const client = programs.find(({ program }) => program === source);
  if (client === undefined) {
    if (existsSync(source)) return [{ program: source, paths: [source] }];
    throw new CommandError(
      `${JSON.stringify(source)} is neither a file nor one of ${programs.map(({ program }) => program).join(', ')}.`,
    );
  }
  const found = existing(client);
  if (found.paths.length > 0) return [found];
  throw new CommandError(`No file of ${source} was found at\n  ${client.paths.join('\n  ')}\nGive its path.`);
}

/** Returns the entries of a program's files. A file of settings that lists no servers has none. */
function entriesIn({ program, paths, unit }: ClientFiles, { folder: project, print }: Surroundings): readonly Found[] {
  return paths.flatMap((path) => {
    const folder = projectOf(path);
    try {
      return rawEntries(path, project).map((raw) => ({ name: raw.name, path, ...adoptEntry(raw, { folder, unit }) }));
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
      print(`skipped ${path}, of ${program}: ${error.message}`);
      return [];
    }
  });
}

function rawEntries(path: string, project: string): readonly RawEntry[] {
  const parsed = readDocument(path);
  // Claude Code keeps the servers of each project in one file.
  const projects = isRecord(parsed.value) ? parsed.value['projects'] : undefined;
  const own = isRecord(projects) ? projects[project] : undefined;
  const inProject =
    isRecord(own) && isRecord(own['mcpServers']) ? findEntries({ value: own, repeated: [] }).entries : [];
  const hasServers = isRecord(parsed.value) && 'mcpServers' in parsed.value;
  if (inProject.length > 0 && !hasServers) return inProject;
  return [...inProject, ...findEntries(parsed).entries];
}
