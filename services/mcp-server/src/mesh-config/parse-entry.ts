import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { z } from 'zod';
import { CommandEntry } from './command-entry.ts';
import { explainUnknown } from './dialects/known-keys.ts';
import type { RawEntry } from './document/find-entries.ts';
import type { EntryConfig, UpstreamConfig } from './entry-config.ts';
import { OpenApiEntry } from './openapi-entry.ts';
import { type Fields, translateEntry } from './translate-entry.ts';
import { UrlEntry } from './url-entry.ts';
import { expandValue, type Found, type Problem } from './variables/expand-value.ts';
import type { VariableScope } from './variables/expand-text.ts';

const SCHEMAS = { url: UrlEntry, command: CommandEntry, openapi: OpenApiEntry } as const;

/** An entry as it was read; each warning names its place. */
export interface ParsedEntry {
  readonly config: EntryConfig;
  readonly warnings: readonly string[];
}

/** Reads an entry in whatever program's words. One that cannot be used becomes an {@link EntryConfig} that says why. */
export function parseEntry(raw: RawEntry, scope: VariableScope): ParsedEntry {
  const { kind, fields, found } = translateEntry(raw, {
    resolve: (known, problems) => {
      const expanded = withEnvFile(expandValue(known, scope, problems), scope.folder, problems);
      return raw.dropsEmpty === true ? withoutEmpty(expanded) : expanded;
    },
  });
  const config = kind === undefined ? undefined : parseAs(kind, fields, found);
  const problems = found.problems.map(({ path, message }) => placed(raw, path, message));
  const unusable = {
    kind: 'unusable',
    seen: kind ?? 'unknown',
    disabled: fields['disabled'] === true,
    required: fields['required'] === true,
    problems,
  } as const;
  return {
    config: config !== undefined && problems.length === 0 ? config : unusable,
    warnings: found.notes.map(({ path, message }) => placed(raw, path, message)),
  };
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

function parseAs(kind: UpstreamConfig['kind'], fields: Fields, { notes, problems }: Found): UpstreamConfig | undefined {
  const schema = SCHEMAS[kind];
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

const placed = (raw: RawEntry, path: readonly PropertyKey[], message: string): string =>
  `${z.core.toDotPath([...raw.path, ...path])}: ${message}`;
