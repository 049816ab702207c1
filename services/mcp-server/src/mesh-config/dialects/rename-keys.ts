import { isRecord } from '@toolmesh/shared/kit/json/is-record';

/** Other programs' names of our keys. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  url: ['httpUrl', 'serverUrl', 'http_url', 'server_url', 'uri', 'endpoint'],
  command: ['cmd', 'path'],
  args: ['arguments'],
  env: ['environment', 'envs'],
  env_file: ['envFile'],
  cwd: ['workingDirectory', 'working_directory', 'workdir'],
  type: ['transportType', 'transport_type'],
  headers: ['http_headers', 'httpHeaders'],
  include: ['includeTools', 'allowedTools', 'enabledTools', 'enabled_tools', 'allowed_tools', 'include_tools'],
  exclude: ['excludeTools', 'disabledTools', 'disabled_tools', 'blockedTools', 'exclude_tools'],
};

/** Each other name with ours. */
const OURS: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMES).flatMap(([ours, names]) => names.map((name): [string, string] => [name, ours])),
);

/** An entry whose keys are ours. */
export interface Renamed {
  readonly value: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/**
 * Gives the keys of an entry our names, `timeoutMs` for `timeout_ms` included, and leaves out what is null. `own` are the
 * keys that an entry may have. Gemini has `httpUrl` beside a `url` for an older transport, so it wins over that.
 */
export function renameKeys(entry: Readonly<Record<string, unknown>>, own: ReadonlySet<string>): Renamed {
  const warnings: string[] = [];
  const flat = flatten(withoutNulls(entry));
  const nameOf = (key: string): string => (own.has(key) ? key : ourName(key, own, flat));
  const ours = [...Map.groupBy(Object.keys(flat), nameOf)].map(([name, keys]): [string, unknown] => {
    const counts = keys.find((key) => key === 'httpUrl') ?? keys.find((key) => key === name) ?? keys[0] ?? name;
    for (const key of keys) if (key !== counts) warnings.push(`${key}: ${counts} counts instead`);
    return [name, flat[counts]];
  });
  return { value: Object.fromEntries(ours), warnings };
}

/** Leaves out what is null, at any depth, and an empty `url` or `command`, which forms write for the kind that an entry is not. */
function withoutNulls(entry: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isEmpty = (key: string, value: unknown) => value === '' && (key === 'url' || key === 'command');
  return Object.fromEntries(
    Object.entries(entry)
      .filter(([key, value]) => value !== null && !isEmpty(key, value))
      .map(([key, value]) => [key, withoutNullsIn(value)]),
  );
}

function withoutNullsIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNullsIn);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNullsIn(item)]));
}

function ourName(key: string, own: ReadonlySet<string>, entry: Readonly<Record<string, unknown>>): string {
  if (key === 'baseUrl') return 'openapi' in entry ? 'base_url' : 'url';
  const name = OURS.get(key);
  if (name !== undefined) return name;
  const snake = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return own.has(snake) ? snake : key;
}

/** Lifts what programs keep one level deeper. */
function flatten(entry: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let flat: Record<string, unknown> = { ...entry };
  // Continue had `transport: {type, command, args}`, Zed `command: {path, args, env}`.
  for (const key of ['transport', 'command']) {
    const inner = flat[key];
    if (!isRecord(inner)) continue;
    const { [key]: _lifted, ...others } = flat;
    flat = { ...others, ...withoutNulls(inner) };
  }
  const { openapi, requestOptions, requestInit } = flat;
  if (isRecord(openapi) && typeof openapi['url'] === 'string') flat = { ...flat, openapi: openapi['url'] };
  for (const [key, options] of Object.entries({ requestOptions, requestInit })) {
    if (!isRecord(options)) continue;
    const { [key]: _lifted, ...others } = flat;
    flat = { ...withoutNulls(options), ...others };
  }
  return flat;
}
