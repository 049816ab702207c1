import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { CommandKeys } from './command-entry.ts';
import { explainUnknown } from './dialects/known-keys.ts';
import { readValues, SWITCH_KEYS } from './dialects/read-values.ts';
import { renameKeys } from './dialects/rename-keys.ts';
import { readTimeouts, TIMEOUT_KEYS, type TimeoutUnit } from './dialects/timeouts.ts';
import { readTransport } from './dialects/transports.ts';
import type { RawEntry } from './document/find-entries.ts';
import type { UpstreamConfig } from './entry-config.ts';
import { OpenApiKeys } from './openapi-entry.ts';
import { UrlKeys } from './url-entry.ts';
import type { Found } from './variables/expand-value.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The keys of an entry of each kind. */
const KEYS = {
  url: new Set(Object.keys(UrlKeys)),
  command: new Set(Object.keys(CommandKeys)),
  openapi: new Set(Object.keys(OpenApiKeys)),
} as const;

/** The keys that an entry may have, of whatever kind. */
const OWN: ReadonlySet<string> = new Set([...Object.values(KEYS).flatMap((keys) => [...keys]), 'type', 'env_file']);
const READ: ReadonlySet<string> = new Set([...OWN, ...TIMEOUT_KEYS, ...SWITCH_KEYS]);

export interface TranslateOptions {
  /** Replaces the references in fields that have our names. */
  readonly resolve: (fields: Fields, found: Found) => Fields;
  /** The unit of `timeout` in the file; by default it is told from the entry. */
  readonly unit?: TimeoutUnit | undefined;
}

/** An entry in our words. */
export interface Translation {
  /** Undefined where the entry does not say. */
  readonly kind: UpstreamConfig['kind'] | undefined;
  readonly fields: Fields;
  readonly found: Found;
}

/** Translates an entry of any program: our names, our shapes, without what has no effect, which is noted. */
export function translateEntry({ value }: RawEntry, { resolve, unit }: TranslateOptions): Translation {
  const found: Found = { notes: [], problems: [] };
  if (!isRecord(value)) {
    found.problems.push({
      path: [],
      message: 'must be an object such as {"url": ...} or {"command": ..., "args": [...]}',
    });
    return { kind: undefined, fields: {}, found };
  }
  const { value: renamed, warnings } = renameKeys(value, OWN);
  const known = knownFields(renamed, found);
  const { value: read, warnings: more } = readTimeouts(readValues(known(resolve)), value, unit);
  for (const message of [...warnings, ...more]) found.notes.push({ path: [], message });
  const kind = kindOf(read, found);
  return { kind, fields: kind === undefined ? read : forKind(kind, read, found), found };
}

/** Returns the known fields once their references are replaced. A description is a text, whatever is in it. */
function knownFields(renamed: Fields, found: Found) {
  for (const key of Object.keys(renamed).filter((name) => !READ.has(name))) {
    const reason = explainUnknown(key, OWN);
    if (reason !== undefined) found.notes.push({ path: [key], message: reason });
  }
  const { description, ...known } = Object.fromEntries(Object.entries(renamed).filter(([key]) => READ.has(key)));
  return (resolve: TranslateOptions['resolve']): Fields => {
    const resolved = resolve(known, found);
    return typeof description === 'string' ? { ...resolved, description } : resolved;
  };
}

/** Returns the kind by the key that is present, so that problems are those of that kind alone. */
function kindOf(fields: Fields, { problems }: Found): Translation['kind'] {
  const kinds = (['url', 'command', 'openapi'] as const).filter((kind) => fields[kind] !== undefined);
  const [kind] = kinds;
  if (kind !== undefined && kinds.length === 1) return kind;
  const has = kinds.length > 1 ? `both ${kinds.join(' and ')}` : 'none of them';
  problems.push({ path: [], message: `needs one of url, command and openapi; has ${has}` });
  return undefined;
}

/** Leaves out the keys of other kinds, and reads the transport that the entry names. */
function forKind(kind: UpstreamConfig['kind'], fields: Fields, { notes, problems }: Found): Fields {
  const { type, transport: named, ...others } = fields;
  const { transport, problem, warning } = readTransport(named ?? type, { isCommand: kind === 'command' });
  const path = [named === undefined ? 'type' : 'transport'];
  if (problem !== undefined && kind !== 'openapi') problems.push({ path, message: problem });
  if (warning !== undefined && kind !== 'openapi') notes.push({ path, message: warning });
  const keys: ReadonlySet<string> = KEYS[kind];
  const foreign = Object.keys(others).filter((key) => !keys.has(key) && others[key] !== undefined);
  for (const key of foreign) notes.push({ path: [key], message: `has no effect beside ${kind}` });
  const own = Object.fromEntries(Object.entries(others).filter(([key]) => keys.has(key)));
  return kind === 'url' && transport !== undefined ? { ...own, transport } : own;
}
