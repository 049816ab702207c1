import { resolve } from 'node:path';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { TimeoutUnit } from '../../services/mcp-server/src/mesh-config/dialects/timeouts.ts';
import type { RawEntry } from '../../services/mcp-server/src/mesh-config/document/find-entries.ts';
import { variableName } from '../../services/mcp-server/src/mesh-config/document/registry-server.ts';
import { type Fields, translateEntry } from '../../services/mcp-server/src/mesh-config/translate-entry.ts';

/** An entry of another program in our words. */
export interface Adopted {
  readonly value: Fields;
  readonly warnings: readonly string[];
  /** Variables and headers that hold what looks like a secret as text. */
  readonly secrets: readonly string[];
}

export interface AdoptOptions {
  /** The folder of the project that the file belongs to. */
  readonly folder: string;
  readonly unit: TimeoutUnit | undefined;
}

/** Translates an entry for mesh.json. References stay references: `${input:id}` becomes the variable of that name. */
export function adoptEntry(raw: RawEntry, { folder, unit }: AdoptOptions): Adopted {
  const { fields, found } = translateEntry(raw, { unit, resolve: (known) => rewritten(known, raw, folder) });
  const value = Object.fromEntries(Object.entries(fields).filter(([, field]) => !isNothing(field)));
  const notes = [...found.problems, ...found.notes];
  return {
    value,
    warnings: notes.map(({ path, message }) => `${[raw.name, ...path].map(String).join('.')}: ${message}`),
    secrets: [...secretsIn(value['env']), ...secretsIn(value['headers'])],
  };
}

function rewritten(known: Fields, { dropsEmpty }: RawEntry, folder: string): Fields {
  const rewrite = (value: unknown): unknown => {
    if (typeof value === 'string') return withOurReferences(value, folder);
    if (Array.isArray(value)) return value.map(rewrite);
    if (!isRecord(value)) return value;
    // A description of the registry lists what may be missing.
    const kept = Object.entries(value).filter(([, item]) => dropsEmpty !== true || !isOptional(item));
    return Object.fromEntries(kept.map(([key, item]) => [key, rewrite(item)]));
  };
  const { env_file: file, ...fields } = known;
  const all = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, rewrite(value)]));
  return typeof file === 'string' ? { ...all, env_file: resolve(folder, withOurReferences(file, folder)) } : all;
}

const isOptional = (value: unknown): boolean => typeof value === 'string' && /^\$\{\w+:-\}$/.test(value);

/** Writes references of other programs as ours, and the folder of the project as it is. */
function withOurReferences(text: string, folder: string): string {
  return text
    .replaceAll(/\$\{workspace(?:Folder|Root)(?::[^}]*)?\}/g, () => folder)
    .replaceAll(/\$\{input:([^}]+)\}/g, (_whole, id: string) => `\${${variableName(id)}}`)
    .replaceAll(/\$\{env[:.](\w+)/g, '${$1')
    .replaceAll(/\$\{\{\s*(?:secrets|env|inputs)\.(\w+)\s*\}\}/g, '${$1}')
    .replace(/^\{env:(\w+)\}$/, '${$1}')
    .replace(/^((?:\w+ )?)\$([A-Z][A-Z0-9_]+)$/, '$1${$2}');
}

const isNothing = (value: unknown): boolean =>
  value === undefined || value === false || (isRecord(value) && Object.keys(value).length === 0);

function secretsIn(fields: unknown): readonly string[] {
  if (!isRecord(fields)) return [];
  return Object.entries(fields).flatMap(([name, value]) => {
    const isText = typeof value === 'string' && value !== '' && !value.includes('${');
    return isText && /token|key|secret|passw|authorization/i.test(name) ? [name] : [];
  });
}
