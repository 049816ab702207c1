import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, resolve, sep } from 'node:path';
import type { Input } from '../document/find-entries.ts';
import { variableName } from '../document/registry-server.ts';

/** The values that references stand for. */
export interface VariableScope {
  /** Returns a variable of the environment; an empty one counts as absent. */
  readonly variable: (name: string) => string | undefined;
  readonly inputs: ReadonlyMap<string, Input>;
  /** The folder of the project that a file of configuration belongs to. */
  readonly folder: string;
  /** The fallbacks that are being read. */
  readonly depth?: number;
}

/** Returns the text that a reference stands for; undefined if it is none. @throws ReferenceProblem */
type Read = (body: string, scope: VariableScope, whole: string) => string | undefined;

/** A reference whose value cannot be had. */
class ReferenceProblem extends Error {
  override readonly name = 'ReferenceProblem';
}

const MAX_FILE_BYTES = 64 * 1_024;

/** Fallbacks in fallbacks that are read. */
const MAX_DEPTH = 8;

/**
 * Substitutes references: `${NAME}`, `${NAME:-fallback}` and `${env:NAME}` for variables, `${input:id}`,
 * `${workspaceFolder}`, `${userHome}`, `${file:PATH}` and `${{ secrets.NAME }}` of other programs. `$${` stands for `${`.
 * One that has no value, or that nothing here can give one, is a problem, in words that name it.
 */
export function expandText(text: string, scope: VariableScope, problems: string[]): string {
  const closes = closingBraces(text);
  let expanded = '';
  let at = 0;
  for (let start = text.indexOf('$', at); start !== -1; start = text.indexOf('$', at)) {
    expanded += text.slice(at, start);
    const close = text[start + 1] === '{' ? closes.get(start + 1) : undefined;
    if (text.startsWith('$${', start)) {
      expanded += '${';
      at = start + 3;
    } else if (close === undefined) {
      expanded += '$';
      at = start + 1;
    } else {
      expanded += read(text.slice(start, close + 1), scope, problems);
      at = close + 1;
    }
  }
  return expanded + text.slice(at);
}

/** Returns the place of the brace that closes each other one: its own, or the first that follows where that is missing. */
function closingBraces(text: string): ReadonlyMap<number, number> {
  const closes = new Map<number, number>();
  const open: number[] = [];
  let next: number | undefined;
  for (let place = 0; place < text.length; place += 1) {
    if (text[place] === '{') open.push(place);
    if (text[place] !== '}') continue;
    const opened = open.pop();
    if (opened !== undefined) closes.set(opened, place);
  }
  const missing = new Set(open);
  for (let place = text.length - 1; place >= 0; place -= 1) {
    if (text[place] === '}') next = place;
    if (next !== undefined && missing.has(place)) closes.set(place, next);
  }
  return closes;
}

function read(whole: string, scope: VariableScope, problems: string[]): string {
  const body = whole.slice(2, -1);
  try {
    for (const reader of [readVariable, readSecret, readPlace, readInput, readFile, readUnknown]) {
      const found = reader(body, scope, whole);
      if (found !== undefined) return found;
    }
    return whole;
  } catch (error) {
    if (!(error instanceof ReferenceProblem)) throw error;
    problems.push(error.message);
    return '';
  }
}

const readVariable: Read = (body, scope) => {
  const [, name, fallback] = /^(?:env[:.]|secrets\.)?(\w+)(?::-([^]*))?$/.exec(body) ?? [];
  if (name === undefined) return undefined;
  const found = scope.variable(name) ?? (fallback === undefined ? readPlace(body, scope, body) : undefined);
  if (found !== undefined) return found;
  if (fallback === undefined) throw notSet(name);
  const problems: string[] = [];
  const { depth = 0 } = scope;
  if (depth > MAX_DEPTH) throw new ReferenceProblem(`\${${name}}: its fallbacks are nested deeper than ${MAX_DEPTH}`);
  const text = expandText(fallback, { ...scope, depth: depth + 1 }, problems);
  const [problem] = problems;
  if (problem !== undefined) throw new ReferenceProblem(problem);
  return text;
};

const notSet = (name: string): ReferenceProblem =>
  new ReferenceProblem(`\${${name}}: this variable is not set; set it in the environment or in .env`);

/** Continue's form: `${{ secrets.NAME }}`. */
const readSecret: Read = (body, scope) => {
  const [, name] = /^\{\s*(?:secrets|env|inputs)\.(\w+)\s*\}$/.exec(body) ?? [];
  if (name === undefined) return undefined;
  const found = scope.variable(name);
  if (found === undefined) throw notSet(name);
  return found;
};

/** Names that editors know without being told. */
const readPlace: Read = (body, { folder, variable }) => {
  const [name] = body.split(':');
  if (name === 'workspaceFolder' || name === 'workspaceRoot' || body === 'cwd') return folder;
  if (body === 'workspaceFolderBasename') return basename(folder);
  if (body === 'userHome') return variable('HOME') ?? homedir();
  if (body === 'pathSeparator' || body === '/') return sep;
  return body === 'pathDelimiter' ? delimiter : undefined;
};

const readInput: Read = (body, scope) => {
  if (!body.startsWith('input:')) return undefined;
  const id = body.slice('input:'.length);
  const input = scope.inputs.get(id);
  const name = variableName(id);
  const found = (/^\w+$/.test(id) ? scope.variable(id) : undefined) ?? scope.variable(name) ?? input?.fallback;
  if (found !== undefined) return found;
  const what = input?.description === undefined ? '' : ` (${input.description})`;
  throw new ReferenceProblem(`\${input:${id}}${what} has no value; set the variable ${name}`);
};

const readFile: Read = (body, { folder }, whole) => {
  if (!body.startsWith('file:')) return undefined;
  const path = body.slice('file:'.length).replace(/^~(?=\/)/, homedir());
  try {
    const text = readFileSync(resolve(folder, path), 'utf8');
    if (text.length <= MAX_FILE_BYTES) return text.replace(/\r?\n$/, '');
  } catch (cause) {
    throw new ReferenceProblem(`${whole}: this file cannot be read`, { cause });
  }
  throw new ReferenceProblem(`${whole}: this file has more than ${MAX_FILE_BYTES} characters`);
};

/** A text that is meant as a reference and is none here; anything else is a text with braces. */
const readUnknown: Read = (body, _scope, whole) => {
  if (!/^[A-Za-z]\w*[:\-=?+]/.test(body)) return undefined;
  throw new ReferenceProblem(
    `${whole} is not understood here; write \${NAME} or \${NAME:-fallback}, or $${whole} for the text itself`,
  );
};
