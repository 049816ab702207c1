import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Isolation, Language } from '@toolmesh/shared/contracts/execution';

/** The outcomes that a program may have under one isolation. */
export interface Expectation {
  /** One of these, where nature allows more than one. */
  readonly statuses: readonly string[];
  readonly stdout: RegExp | undefined;
  /** The paths of all artifacts, in any order. */
  readonly artifacts: readonly string[] | undefined;
}

/** A hostile program, as its file and the comments at its top describe it. */
export interface HostileProgram {
  readonly name: string;
  readonly language: Language;
  /** The body for `POST /execute`. */
  readonly request: {
    readonly language: Language;
    readonly code: string;
    readonly timeout_ms: number;
    readonly memory_mb?: number;
    readonly stdin?: string;
    readonly files: readonly { readonly path: string; readonly content: string }[];
  };
  /** Number of runs: what one run leaves behind, another may find. */
  readonly runs: number;
  /** True to run them at the same time. */
  readonly together: boolean;
  /** True when its runs must print different things. */
  readonly distinct: boolean;
  /** True for a program so costly that nothing else is measured meanwhile. */
  readonly alone: boolean;
  /** Undefined where it does not run. */
  expectedUnder(isolation: Isolation): Expectation | undefined;
}

export interface Group {
  readonly name: string;
  readonly programs: readonly HostileProgram[];
}

const LANGUAGES: ReadonlyMap<string, Language> = new Map([
  ['.py', 'python'],
  ['.js', 'javascript'],
  ['.ts', 'typescript'],
  ['.sh', 'bash'],
]);

/**
 * Lines `# key: value` or `// key: value` at the top of a program. `key isolation: value` is for one isolation only.
 *
 * - `expect`: the status that it must end with, or several, with `|` between them. Required.
 * - `stdout`: an expression that its output must match. A program that probes prints CONTAINED, or ESCAPED and how.
 * - `artifacts`: the paths of all files that come back; `-` for none.
 * - `only`: the isolation that it is for. - `timeout_ms`, `memory_mb`, `stdin`: as in the request.
 * - `file <name>`: the one line of a file that is uploaded with it.
 * - `runs`: how often it runs, each time with the same expectation; `together: yes` for all at once, `distinct: yes`
 *   where each must print something else.
 * - `alone: yes`: nothing else runs meanwhile, as it takes much of the machine.
 */
const HEADER_LINE = /^(?:#|\/\/) ([a-z_]+)(?: (namespaces|wasm|isolate|[\w./-]+\.\w+))?: (.*?)\r?$/;
const KEYS = new Set(
  'expect stdout artifacts only timeout_ms memory_mb runs together distinct alone stdin file'.split(' '),
);
const DEFAULT_TIMEOUT_MS = 8_000;

type Header = ReadonlyMap<string, string>;

/** All programs below `folder`, by the folders that they are in. */
export function readCorpus(folder: URL): readonly Group[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, programs: readGroup(new URL(`${name}/`, folder)) }))
    .filter(({ programs }) => programs.length > 0)
    .sort((a, b) => a.name.localeCompare(b.name));
}

function readGroup(folder: URL): readonly HostileProgram[] {
  return readdirSync(folder)
    .filter((file) => LANGUAGES.has(extname(file)))
    .sort()
    .map((file) => readProgram(new URL(file, folder), file));
}

function readProgram(url: URL, file: string): HostileProgram {
  const code = readFileSync(url, 'utf8');
  const header = readHeader(code);
  const language = LANGUAGES.get(extname(file)) ?? 'python';
  const memory = header.get('memory_mb');
  const stdin = header.get('stdin');
  return {
    name: file,
    language,
    request: {
      language,
      code,
      timeout_ms: Number(header.get('timeout_ms') ?? DEFAULT_TIMEOUT_MS),
      ...(memory === undefined ? {} : { memory_mb: Number(memory) }),
      ...(stdin === undefined ? {} : { stdin }),
      files: [...header].filter(([key]) => key.startsWith('file ')).map(([key, content]) => toFile(key, content)),
    },
    runs: Number(header.get('runs') ?? 1),
    together: header.get('together') === 'yes',
    distinct: header.get('distinct') === 'yes',
    alone: header.get('alone') === 'yes',
    expectedUnder: (isolation) => expectationIn(header, isolation, file),
  };
}

const toFile = (key: string, content: string) => ({ path: key.slice('file '.length), content: `${content}\n` });

/** The comments before the first line that is none. */
function readHeader(code: string): Header {
  const lines = code.replace(/^\uFEFF/, '').split('\n');
  const end = lines.findIndex((line) => !/^(?:#|\/\/)/.test(line));
  const header = new Map<string, string>();
  for (const line of lines.slice(0, end < 0 ? lines.length : end)) {
    const [, key = '', scope, value = ''] = HEADER_LINE.exec(line) ?? [];
    if (KEYS.has(key)) header.set(scope === undefined ? key : `${key} ${scope}`, value);
  }
  return header;
}

function expectationIn(header: Header, isolation: Isolation, file: string): Expectation | undefined {
  const read = (key: string) => header.get(`${key} ${isolation}`) ?? header.get(key);
  const only = header.get('only');
  if (only !== undefined && only !== isolation) return undefined;
  const statuses = read('expect');
  if (statuses === undefined) throw new Error(`${file} does not say what to expect under ${isolation}`);
  const stdout = read('stdout');
  return {
    statuses: statuses.split('|').map((status) => status.trim()),
    stdout: stdout === undefined ? undefined : new RegExp(stdout, 's'),
    artifacts: read('artifacts')
      ?.split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '-'),
  };
}
