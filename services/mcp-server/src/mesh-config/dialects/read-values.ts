import { existsSync } from 'node:fs';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Brings the values of an entry that has our keys into our shape: numbers and booleans of `env`, `args` and `headers`
 * become text, `enabled` becomes `disabled`, a `command` that is a list its first word, `tools` that is a list `include`.
 */
export function readValues(entry: Fields): Fields {
  let value: Fields = withoutWindows(readCommand(readSwitches(entry)), process.platform);
  const { args, env, headers, tools, include, apiKey } = value;
  if (Array.isArray(args)) value = { ...value, args: args.map(textOf) };
  if (env !== undefined) value = { ...value, env: textsOf(isTextList(env) ? pairsOf(env) : env) };
  if (headers !== undefined) value = { ...value, headers: textsOf(headers) };
  if (typeof apiKey === 'string') value = withBearer(value, apiKey);
  if (Array.isArray(tools)) value = withoutKey({ ...value, include: tools }, 'tools');
  const listed = value['include'] ?? include;
  if (isTextList(listed)) value = { ...value, include: listed.map((name) => name.split('(', 1)[0] ?? name) };
  return isTextList(listed) && listed.includes('*') ? withoutKey(value, 'include') : value;
}

/** Keys of other programs that {@link readValues} turns into ours. */
export const SWITCH_KEYS: ReadonlySet<string> = new Set(['enabled', 'isActive', 'active', 'apiKey']);

/** Reads `enabled` and its relatives. */
function readSwitches(entry: Fields): Fields {
  const { enabled, isActive, active, ...value } = entry;
  const isOff = [enabled, isActive, active].some((on) => on === false || on === 'false');
  const disabled = isOff || value['disabled'] === true || value['disabled'] === 'true';
  return { ...value, ...booleanOf('required', value['required']), disabled };
}

const booleanOf = (key: string, value: unknown): Fields =>
  value === 'true' || value === 'false' ? { [key]: value === 'true' } : {};

function readCommand(entry: Fields): Fields {
  const { command, args = [] } = entry;
  // Cursor takes a whole line. A path with a blank in it has arguments beside it, or is a file.
  if (typeof command === 'string' && command.trim().includes(' ') && isEmptyList(args) && !existsSync(command)) {
    const [program, ...words] = wordsOf(command);
    return { ...entry, command: program, args: words };
  }
  if (!isTextList(command) || !Array.isArray(args)) return entry;
  const [program, ...first] = command;
  return { ...entry, command: program, args: [...first, ...args] };
}

/** Programs whose names have an ending on Windows. */
const ENDINGS = /^(npx|npm|uvx|uv|node|python3?|docker|bunx?|deno)\.(?:cmd|exe)$/i;

/** Reads `cmd /c npx ...` and `npx.cmd`, which files of Windows have, as the program itself elsewhere. */
function withoutWindows(entry: Fields, platform: NodeJS.Platform): Fields {
  const { command, args } = entry;
  if (platform === 'win32' || typeof command !== 'string') return entry;
  if (/^cmd(?:\.exe)?$/i.test(command) && isTextList(args) && args[0]?.toLowerCase() === '/c' && args.length > 1) {
    return withoutWindows({ ...entry, command: args[1], args: args.slice(2) }, platform);
  }
  return { ...entry, command: command.replace(ENDINGS, '$1') };
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** Splits a command line at blanks outside of quotes. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );

/** Continue's key for a server by URL. */
function withBearer(entry: Fields, key: string): Fields {
  const headers = isRecord(entry['headers']) ? entry['headers'] : {};
  const isSet = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  const value = isSet ? entry : { ...entry, headers: { ...headers, Authorization: `Bearer ${key}` } };
  return withoutKey(value, 'apiKey');
}

const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Reads `["NAME=value"]`. */
const pairsOf = (pairs: readonly string[]): Fields =>
  Object.fromEntries(pairs.map((pair) => [pair.split('=', 1)[0] ?? pair, pair.slice(pair.indexOf('=') + 1)]));

const textOf = (value: unknown): unknown =>
  typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;

function textsOf(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, textOf(item)]));
}

const withoutKey = (value: Fields, key: string): Fields =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
