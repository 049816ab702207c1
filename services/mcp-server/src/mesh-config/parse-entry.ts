import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { z } from 'zod';
import { CommandEntry, CommandKeys } from './command-entry.ts';
import { explainUnknown } from './dialects/known-keys.ts';
import { readValues, SWITCH_KEYS } from './dialects/read-values.ts';
import { renameKeys } from './dialects/rename-keys.ts';
import { readTimeouts, TIMEOUT_KEYS } from './dialects/timeouts.ts';
import { readTransport } from './dialects/transports.ts';
import type { RawEntry } from './document/find-entries.ts';
import type { EntryConfig, UnusableConfig, UpstreamConfig } from './entry-config.ts';
import { OpenApiEntry, OpenApiKeys } from './openapi-entry.ts';
import { UrlEntry, UrlKeys } from './url-entry.ts';
import { expandValue, type Found, type Problem } from './variables/expand-value.ts';
import type { VariableScope } from './variables/expand-text.ts';

type Kind = UpstreamConfig['kind'];
type Fields = Readonly<Record<string, unknown>>;

const KINDS = {
  url: { schema: UrlEntry, keys: new Set(Object.keys(UrlKeys)) },
  command: { schema: CommandEntry, keys: new Set(Object.keys(CommandKeys)) },
  openapi: { schema: OpenApiEntry, keys: new Set(Object.keys(OpenApiKeys)) },
} as const;

/** The keys that an entry may have, of whatever kind. */
const OWN: ReadonlySet<string> = new Set([
  ...Object.values(KINDS).flatMap(({ keys }) => [...keys]),
  'type',
  'env_file',
]);
const READ: ReadonlySet<string> = new Set([...OWN, ...TIMEOUT_KEYS, ...SWITCH_KEYS]);

/** An entry as it was read; each warning names its place. */
export interface ParsedEntry {
  readonly config: EntryConfig;
  readonly warnings: readonly string[];
}

/** Reads an entry in whatever program's words. One that cannot be used becomes an {@link UnusableConfig}. */
export function parseEntry(raw: RawEntry, scope: VariableScope): ParsedEntry {
  if (!isRecord(raw.value)) {
    const problem = placed(raw, [], 'must be an object such as {"url": ...} or {"command": ..., "args": [...]}');
    return { config: { ...UNUSABLE, problems: [problem] }, warnings: [] };
  }
  const found: Found = { notes: [], problems: [] };
  const { value: renamed, warnings } = renameKeys(raw.value, OWN);
  for (const message of warnings) found.notes.push({ path: [], message });
  const read = readFields({ renamed, raw, original: raw.value, scope }, found);
  const kind = kindOf(read, found);
  const config = kind === undefined ? undefined : parseAs(kind, forKind(kind, read, found), found);
  const problems = found.problems.map(({ path, message }) => placed(raw, path, message));
  return {
    config: config !== undefined && problems.length === 0 ? config : unusable(read, kind, problems),
    warnings: found.notes.map(({ path, message }) => placed(raw, path, message)),
  };
}

interface Reading {
  readonly renamed: Fields;
  readonly raw: RawEntry;
  readonly original: Fields;
  readonly scope: VariableScope;
}

/** Returns the fields under our names, with their references expanded, in our shape. */
function readFields({ renamed, raw, original, scope }: Reading, found: Found): Fields {
  for (const key of Object.keys(renamed).filter((name) => !READ.has(name))) {
    const reason = explainUnknown(key, OWN);
    if (reason !== undefined) found.notes.push({ path: [key], message: reason });
  }
  const known = Object.fromEntries(Object.entries(renamed).filter(([key]) => READ.has(key)));
  const { description, ...expandable } = known;
  const expanded = expandValue(expandable, scope, found);
  const values = readValues(withEnvFile(expanded, scope.folder, found));
  const { value, warnings } = readTimeouts(raw.dropsEmpty === true ? withoutEmpty(values) : values, original);
  for (const message of warnings) found.notes.push({ path: [], message });
  return typeof description === 'string' ? { ...value, description } : value;
}

/** Adds the variables of `env_file`, which is relative to the project; those of `env` win. */
function withEnvFile({ env_file: file, ...fields }: Fields, folder: string, found: Found): Fields {
  if (file === undefined) return fields;
  try {
    if (typeof file !== 'string') throw new TypeError('must be a path');
    const variables = parseEnv(readFileSync(resolve(folder, file), 'utf8'));
    return { ...fields, env: { ...variables, ...(isRecord(fields['env']) ? fields['env'] : {}) } };
  } catch {
    found.problems.push({ path: ['env_file'], message: 'must be the path of a file that can be read' });
    return fields;
  }
}

/** Leaves out variables and headers without a value. */
function withoutEmpty(fields: Fields): Fields {
  const filled = (value: unknown): unknown =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([, text]) => text !== '')) : value;
  return { ...fields, env: filled(fields['env']), headers: filled(fields['headers']) };
}

/** Returns the kind by the key that is present, so that problems are those of that kind alone. */
function kindOf(fields: Fields, { problems }: Found): Kind | undefined {
  const kinds = (['url', 'command', 'openapi'] as const).filter((kind) => fields[kind] !== undefined);
  const [kind] = kinds;
  if (kind !== undefined && kinds.length === 1) return kind;
  const has = kinds.length > 1 ? `both ${kinds.join(' and ')}` : 'none of them';
  problems.push({ path: [], message: `needs one of url, command and openapi; has ${has}` });
  return undefined;
}

/** Leaves out the keys of other kinds, and reads the transport that the entry names. */
function forKind(kind: Kind, fields: Fields, { notes, problems }: Found): Fields {
  const { type, transport: named, ...others } = fields;
  const { transport, problem, warning } = readTransport(named ?? type, { isCommand: kind === 'command' });
  const path = [named === undefined ? 'type' : 'transport'];
  if (problem !== undefined && kind !== 'openapi') problems.push({ path, message: problem });
  if (warning !== undefined && kind !== 'openapi') notes.push({ path, message: warning });
  const { keys } = KINDS[kind];
  const foreign = Object.keys(others).filter((key) => !keys.has(key) && others[key] !== undefined);
  for (const key of foreign) notes.push({ path: [key], message: `has no effect beside ${kind}` });
  const own = Object.fromEntries(Object.entries(others).filter(([key]) => keys.has(key)));
  return kind === 'url' && transport !== undefined ? { ...own, transport } : own;
}

function parseAs(kind: Kind, fields: Fields, { notes, problems }: Found): UpstreamConfig | undefined {
  const { schema } = KINDS[kind];
  const first = schema.safeParse(fields);
  if (first.success) return first.data;
  const { known, unknown } = withoutUnknown(fields, first.error.issues);
  notes.push(...unknown);
  const parsed = unknown.length === 0 ? first : schema.safeParse(known);
  if (parsed.success) return parsed.data;
  // What a variable that is not set has left behind is no second problem.
  const told = new Set(problems.map(({ path }) => z.core.toDotPath([...path])));
  for (const { path, message, code } of parsed.error.issues) {
    if (told.has(z.core.toDotPath(path))) continue;
    problems.push({
      path,
      message: code === 'unrecognized_keys' ? `${message}; the sandbox takes no key that it does not know` : message,
    });
  }
  return undefined;
}

/**
 * Leaves out keys that are not known, at any level. Not those of `sandbox`: a protection that is spelt wrongly must not
 * be missing without a word.
 */
function withoutUnknown(fields: Fields, issues: readonly z.core.$ZodIssue[]) {
  const unknown: Problem[] = [];
  const known = structuredClone(fields);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys' || issue.path[0] === 'sandbox') continue;
    const holder: unknown = issue.path.reduce<unknown>(
      (at, key) => (isRecord(at) ? at[String(key)] : undefined),
      known,
    );
    if (!isRecord(holder)) continue;
    for (const key of issue.keys) {
      delete holder[key];
      const others = Object.keys(holder);
      unknown.push({ path: [...issue.path, key], message: explainUnknown(key, others) ?? 'has no effect' });
    }
  }
  return { known, unknown };
}

const UNUSABLE = { kind: 'unusable', seen: 'unknown', disabled: false, required: false } as const;

const unusable = (fields: Fields, kind: Kind | undefined, problems: readonly string[]): UnusableConfig => ({
  ...UNUSABLE,
  seen: kind ?? 'unknown',
  disabled: fields['disabled'] === true,
  required: fields['required'] === true,
  problems,
});

const placed = (raw: RawEntry, path: readonly PropertyKey[], message: string): string =>
  `${z.core.toDotPath([...raw.path, ...path])}: ${message}`;
