import { basename, dirname, resolve } from 'node:path';
import { ConfigError } from '@toolmesh/shared/kit/service/config';
import { offeredName } from '../catalogue/names.ts';
import { explainUnknown } from './dialects/known-keys.ts';
import { findEntries, type MeshDocument } from './document/find-entries.ts';
import { DocumentError } from './document/jsonc.ts';
import { readDocument } from './document/read-document.ts';
import type { EntryConfig } from './entry-config.ts';
import { parseEntry } from './parse-entry.ts';
import { CHOICE_KEYS, readToolChoice, type ToolChoice } from './tool-sets.ts';

/** The servers of mesh.json. */
export interface MeshConfig extends ToolChoice {
  /** By the upstream's name: that of the entry, or a valid one made of it. */
  readonly mcpServers: Readonly<Record<string, EntryConfig>>;
  /** The names of entries as they are written, where they differ. */
  readonly writtenNames: ReadonlyMap<string, string>;
  /** Settings that have no effect or may be meant otherwise, each with its place in the file. */
  readonly warnings: readonly string[];
  /** Those of each upstream, by its name. */
  readonly warningsOf: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads mesh.json, in the words of whatever program wrote it. An entry that cannot be used is there as unusable, with its
 * problems; it keeps no other from running.
 * @throws ConfigError for a file that cannot be read or parsed, or that lists no servers
 */
export function loadMeshConfig(path: string, env: NodeJS.ProcessEnv): MeshConfig {
  const document = openMeshFile(path);
  const variable = (name: string): string | undefined => env[name] || undefined;
  const scope = { variable, inputs: document.inputs, folder: projectOf(path) };
  const mcpServers = new Map<string, EntryConfig>();
  const writtenNames = new Map<string, string>();
  const warnings = [...document.warnings];
  const warningsOf = new Map<string, readonly string[]>();
  const choice = readToolChoice(document.rest, warnings);
  for (const key of Object.keys(document.rest).filter((rest) => !CHOICE_KEYS.some((own) => own === rest))) {
    const reason = explainUnknown(key, ['mcpServers', 'servers', 'inputs', ...CHOICE_KEYS]);
    if (reason !== undefined) warnings.push(`${key}: ${reason}`);
  }
  for (const raw of document.entries) {
    const name = offeredName('', raw.name, 'server');
    if (mcpServers.has(name)) {
      warnings.push(`${raw.path.join('.')}: there is another entry named ${JSON.stringify(raw.name)}, which counts`);
      continue;
    }
    const parsed = parseEntry(raw, scope);
    mcpServers.set(name, parsed.config);
    if (name !== raw.name) writtenNames.set(name, raw.name);
    if (parsed.config.disabled || parsed.warnings.length === 0) continue;
    warnings.push(...parsed.warnings);
    warningsOf.set(name, parsed.warnings);
  }
  return { mcpServers: Object.fromEntries(mcpServers), writtenNames, warnings, warningsOf, ...choice };
}

/** Opens a file of configuration. @throws ConfigError with line and column, or with what was expected */
export function openMeshFile(path: string): MeshDocument {
  try {
    return findEntries(readDocument(path));
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    throw new ConfigError(`MESH_CONFIG: ${error.message.startsWith(path) ? '' : `${path}: `}${error.message}`);
  }
}

/** Folders in which editors keep their file within a project. */
const EDITOR_FOLDERS = new Set(['.vscode', '.cursor', '.roo', '.continue', '.gemini', '.zed', '.kilocode', '.claude']);

/** Returns the folder of the project that a file of configuration belongs to. */
export function projectOf(path: string): string {
  const folder = dirname(resolve(path));
  return EDITOR_FOLDERS.has(basename(folder)) ? dirname(folder) : folder;
}
