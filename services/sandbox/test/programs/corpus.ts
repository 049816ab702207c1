import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

/** A file among the artifacts of a program. */
export interface ExpectedFile {
  readonly path: string;
  readonly mimeType: string | undefined;
  readonly leastBytes: number;
}

/** The expectations of a program's author, as far as they are stated. */
export interface Expectation {
  readonly status: string;
  /** Patterns for the fields of the result and for what a model is shown, by their names. */
  readonly patterns: ReadonlyMap<Pattern, RegExp>;
  /** All artifacts, in any order. */
  readonly artifacts: readonly ExpectedFile[] | undefined;
  /** Types that each display has at least, in order. */
  readonly displays: readonly (readonly string[])[] | undefined;
}

const PATTERNS = ['stdout', 'stderr', 'result', 'error', 'refused', 'seen'] as const;
/** `error` is its type and message, `refused` the message of a call that was not run, `seen` the text that a model gets. */
export type Pattern = (typeof PATTERNS)[number];

/** One call of a program: all of it, or a turn of a session. */
export interface Call {
  /** The arguments of `execute_code`. */
  readonly request: Readonly<Record<string, unknown>>;
  expectedUnder(isolation: string): Expectation;
}

/** An ordinary program, as its file and the comments at its top describe it. */
export interface Program {
  readonly name: string;
  readonly language: string;
  /** Packages of the base layer that it needs. */
  readonly needs: readonly string[];
  /** The isolations that it is for; undefined for all. */
  readonly only: readonly string[] | undefined;
  readonly calls: readonly Call[];
}

export interface Group {
  readonly name: string;
  readonly programs: readonly Program[];
}

const LANGUAGES: ReadonlyMap<string, string> = new Map([
  ['.py', 'python'],
  ['.js', 'javascript'],
  ['.ts', 'typescript'],
  ['.tsx', 'typescript'],
  ['.jsx', 'javascript'],
  ['.sh', 'bash'],
  ['.r', 'r'],
  ['.go', 'go'],
]);

/**
 * A program begins with lines `# key: value` (or `// key: value`), up to the first empty line; what follows is sent as
 * it is. `key isolation: value` is for one isolation only. Values may have the escapes of JSON strings.
 *
 * - `from`: where it comes from. Required, once.
 * - `status`: how it ends, `success` by default; `refused` for a call that is not run.
 * - `stdout`, `stderr`, `result`, `error`, `refused`, `seen`: an expression that must match ({@link Pattern}).
 * - `artifacts`: all files that come back, as `path [type [least bytes]]` with commas between; `-` for none.
 * - `display`: all display data, as types with `|` between those of one, and commas; `-` for none.
 * - `only`: isolations that it is for, with `|` between. - `needs`: packages of the base layer, with commas.
 * - `timeout_ms`, `memory_mb`, `stdin`, `packages`: as in the request, the last with commas.
 * - `file <path>`: the content of a file that it is given; `file64 <path>`: the same in base64; a path may be quoted.
 *
 * A line `# === next call` begins the next turn of the same session, with a header of its own.
 */
const HEADER_LINE = /^(?:#|\/\/) ?([a-z_]+(?:64)?)(?: ("[^"]+"|[^:"]+))?: (.*)$/;
const KEYS = new Set(
  [...PATTERNS, ...'from status artifacts display only needs timeout_ms memory_mb stdin packages'.split(' ')].concat([
    'file',
    'file64',
  ]),
);
const NEXT_CALL = /^(?:#|\/\/) === next call\n/m;
const DEFAULT_TIMEOUT_MS = 60_000;

type Header = ReadonlyMap<string, string>;

/** Returns all programs below `folder`, by the folders that they are in. */
export function readCorpus(folder: URL): readonly Group[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, programs: readGroup(new URL(`${name}/`, folder)) }))
    .filter(({ programs }) => programs.length > 0)
    .sort((a, b) => a.name.localeCompare(b.name));
}

const readGroup = (folder: URL): readonly Program[] =>
  readdirSync(folder)
    .filter((file) => LANGUAGES.has(extname(file)))
    .sort()
    .map((file) => readProgram(new URL(file, folder), file));

function readProgram(url: URL, file: string): Program {
  const language = LANGUAGES.get(extname(file)) ?? '';
  const parts = readFileSync(url, 'utf8').split(NEXT_CALL);
  const turns = parts.map((part) => splitHeader(part, file));
  const [first] = turns;
  if (first === undefined || !first.header.has('from')) throw new Error(`${file} does not say where it comes from`);
  const session =
    turns.length > 1 ? { session_id: `${file.replace(/\W/g, '-').slice(0, 40)}-${randomUUID().slice(0, 8)}` } : {};
  return {
    name: file,
    language,
    needs: listOf(first.header.get('needs')) ?? [],
    only: first.header.get('only')?.split('|'),
    calls: turns.map(({ header, code }) => ({
      request: { ...requestOf(header), ...session, language, code },
      expectedUnder: (isolation) => expectationIn(header, isolation),
    })),
  };
}

function splitHeader(text: string, file: string): { readonly header: Header; readonly code: string } {
  const end = text.indexOf('\n\n');
  const header = new Map<string, string>();
  for (const line of text.slice(0, Math.max(0, end)).split('\n')) {
    const [, key = '', scope, value = ''] = HEADER_LINE.exec(line) ?? [];
    if (!KEYS.has(key)) throw new Error(`${file}: ${JSON.stringify(line)} is no line of a header`);
    header.set(scope === undefined ? key : `${key} ${scope.replaceAll('"', '')}`, value);
  }
  return { header, code: text.slice(end + 2) };
}

function requestOf(header: Header): Record<string, unknown> {
  const numbers = ['memory_mb', 'timeout_ms'].filter((key) => header.has(key));
  const stdin = header.get('stdin');
  const packages = listOf(header.get('packages'));
  const files = [...header].flatMap(([key, value]) => fileOf(key, value));
  return {
    timeout_ms: DEFAULT_TIMEOUT_MS,
    ...Object.fromEntries(numbers.map((key) => [key, Number(header.get(key))])),
    ...(stdin === undefined ? {} : { stdin: unescape(stdin) }),
    ...(packages === undefined ? {} : { packages }),
    ...(files.length === 0 ? {} : { files }),
  };
}

function fileOf(key: string, value: string): readonly object[] {
  if (key.startsWith('file ')) return [{ path: key.slice('file '.length), content: unescape(value) }];
  if (key.startsWith('file64 ')) return [{ path: key.slice('file64 '.length), content: value, encoding: 'base64' }];
  return [];
}

const unescape = (value: string): string => String(JSON.parse(`"${value.replaceAll('"', '\\"')}"`));

const listOf = (value: string | undefined): readonly string[] | undefined =>
  value
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '-');

function expectationIn(header: Header, isolation: string): Expectation {
  const read = (key: string) => header.get(`${key} ${isolation}`) ?? header.get(key);
  const patterns = PATTERNS.flatMap((key): [Pattern, RegExp][] => {
    const value = read(key);
    return value === undefined ? [] : [[key, new RegExp(value, 's')]];
  });
  return {
    status: read('status') ?? 'success',
    patterns: new Map(patterns),
    artifacts: listOf(read('artifacts'))?.map(toExpectedFile),
    displays: listOf(read('display'))?.map((types) => types.split('|')),
  };
}

/** The path may have spaces; a type has a slash, a number of bytes is one. */
function toExpectedFile(text: string): ExpectedFile {
  const [, path = text, mimeType, bytes = '0'] = /^(.*?)(?: (\w+\/[\w.+-]+))?(?: (\d+))?$/.exec(text) ?? [];
  return { path, mimeType, leastBytes: Number(bytes) };
}
