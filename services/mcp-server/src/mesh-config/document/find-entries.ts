import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { DocumentError, type ParsedDocument } from './jsonc.ts';
import { isRegistryServer, registryEntry } from './registry-server.ts';

/** An entry as a file has it, in whatever program's words. */
export interface RawEntry {
  readonly name: string;
  /** Its place in the file. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** True for one that was made from a description: variables and headers without a value are left out. */
  readonly dropsEmpty?: true;
}

/** A value that VS Code asks its user for. */
export interface Input {
  readonly description?: string | undefined;
  readonly fallback?: string | undefined;
}

export interface MeshDocument {
  readonly entries: readonly RawEntry[];
  /** By id. */
  readonly inputs: ReadonlyMap<string, Input>;
  /** The other keys of the file. */
  readonly rest: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** Places in which programs keep their servers; those of one program never mean something else in another. */
const PLACES: readonly (readonly string[])[] = [
  ['mcpServers'],
  ['servers'],
  ['mcp', 'servers'],
  ['mcp'],
  ['context_servers'],
  ['amp.mcpServers'],
  ['mcp.servers'],
  ['mcp_servers'],
  ['extensions'],
  ['experimental', 'modelContextProtocolServers'],
];

const EXPECTED = 'expected {"mcpServers": {"<name>": {"url": ...}}}, or "servers" as VS Code has it';

/**
 * Returns the servers that a file of any program lists: under `mcpServers`, `servers` and others, as an object or a list;
 * a map of servers alone; or the description of one server as the MCP registry has it.
 * @throws DocumentError for a file that has no place for servers
 */
export function findEntries({ value, repeated }: ParsedDocument): MeshDocument {
  if (!isRecord(value)) throw new DocumentError(`it is ${nameOf(value)}; ${EXPECTED}`);
  const warnings = repeated.map((path) => `${path}: is there twice; the last one counts`);
  const inputs = inputsOf(value['inputs'] ?? at(value, ['mcp', 'inputs']));
  const places = PLACES.filter((place) => isPlace(at(value, place), place));
  if (places.length === 0) return { ...withoutPlace(value), inputs, warnings };
  const entries = places.flatMap((place) => entriesAt(at(value, place), place));
  const used = new Set([...places.map(([key]) => key), 'inputs']);
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !used.has(key)));
  return { entries, inputs, rest, warnings };
}

/** Returns the value at a place that a file may have. */
function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((holder, key) => (isRecord(holder) ? holder[key] : undefined), value);
}

const looksLikeEntry = (value: unknown): boolean =>
  isRecord(value) &&
  ['command', 'url', 'httpUrl', 'serverUrl', 'openapi', 'cmd', 'uri', 'type'].some((key) => key in value);

/** `mcpServers` and `servers` are always meant; other keys have other meanings elsewhere. */
function isPlace(value: unknown, [first, second]: readonly string[]): boolean {
  if (value === undefined) return false;
  if (second === undefined && (first === 'mcpServers' || first === 'servers')) return true;
  if (second === 'servers' || Array.isArray(value)) return true;
  return isRecord(value) && Object.values(value).some(looksLikeEntry);
}

function entriesAt(value: unknown, path: readonly string[]): readonly RawEntry[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.map((item: unknown, index) => listedEntry(item, [...path, index]));
  if (!isRecord(value)) throw new DocumentError(`${path.join('.')}: is ${nameOf(value)}; ${EXPECTED}`);
  return Object.entries(value).flatMap(([name, entry]) =>
    entry === null ? [] : [entryFor(name, [...path, name], entry)],
  );
}

function listedEntry(item: unknown, path: readonly (string | number)[]): RawEntry {
  const inner: unknown = isRecord(item) && isRecord(item['server']) ? item['server'] : item;
  const name = isRecord(inner) && typeof inner['name'] === 'string' ? inner['name'] : path.join('.');
  return entryFor(name, path, inner);
}

function entryFor(name: string, path: readonly (string | number)[], value: unknown): RawEntry {
  if (!isRegistryServer(value)) return { name, path, value };
  return { name, path, value: registryEntry(value), dropsEmpty: true };
}

/** A file that lists servers under no key: a description of the registry, or the map itself. */
function withoutPlace(value: Record<string, unknown>): Pick<MeshDocument, 'entries' | 'rest'> {
  if (isRegistryServer(value)) return { entries: [listedEntry(value, [])], rest: {} };
  if (looksLikeEntry(value)) throw new DocumentError(`it is one server without a name; ${EXPECTED}`);
  const named = Object.entries(value).filter(([, entry]) => looksLikeEntry(entry));
  if (named.length === 0) throw new DocumentError(`it lists no servers; ${EXPECTED}`);
  const rest = Object.fromEntries(Object.entries(value).filter(([, entry]) => !looksLikeEntry(entry)));
  return { entries: named.map(([name, entry]) => ({ name, path: [name], value: entry })), rest };
}

function inputsOf(value: unknown): ReadonlyMap<string, Input> {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return new Map(
    list.filter(isRecord).map((input) => [
      String(input['id']),
      {
        description: typeof input['description'] === 'string' ? input['description'] : undefined,
        fallback: input['default'] === undefined || input['default'] === null ? undefined : textOf(input['default']),
      },
    ]),
  );
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
