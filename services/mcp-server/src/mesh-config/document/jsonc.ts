import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { isDeepJson } from '@toolmesh/shared/kit/json/depth';

/** A file of configuration that cannot be read as what it should be. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}

/** The value of a document, and the keys that an object of it has twice. */
export interface ParsedDocument {
  readonly value: unknown;
  readonly repeated: readonly string[];
}

/** Keys whose numbers are texts: `"PORT": 8080` and `"VERSION": 1.10` are passed on as they are written. */
const TEXTS = new Set(['args', 'arguments', 'env', 'envs', 'environment', 'headers']);

/**
 * Parses JSON with comments, trailing commas and a byte order mark.
 * @throws DocumentError with line and column of the first mistake
 */
export function parseJsonc(source: string): ParsedDocument {
  const text = source.replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new DocumentError('it is empty; expected {"mcpServers": {}}');
  if (isDeepJson(text)) throw new DocumentError('it is nested deeper than 64 levels');
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined || root === undefined) {
    throw new DocumentError(`${placeOf(text, error?.offset ?? 0)}: ${wordsFor(error?.error)}`);
  }
  const repeated: string[] = [];
  return { value: valueOf(root, { text, repeated, path: [] }), repeated };
}

interface Reading {
  readonly text: string;
  readonly repeated: string[];
  readonly path: readonly string[];
}

/** Builds the value by hand: the package's own function would take a key `__proto__` for the prototype. */
function valueOf(node: Node, reading: Reading): unknown {
  const children = node.children ?? [];
  if (node.type === 'array') return children.map((child) => valueOf(child, reading));
  if (node.type === 'object') return objectOf(children, reading);
  const isText = TEXTS.has(reading.path.at(-1) ?? '') || TEXTS.has(reading.path.at(-2) ?? '');
  if (node.type === 'number' && isText) return reading.text.slice(node.offset, node.offset + node.length);
  return node.value;
}

function objectOf(properties: readonly Node[], reading: Reading): Record<string, unknown> {
  const entries = properties.flatMap(({ children: [key, value] = [] }): [string, unknown][] => {
    if (key === undefined || value === undefined) return [];
    const name = String(key.value);
    return [[name, valueOf(value, { ...reading, path: [...reading.path, name] })]];
  });
  const seen = new Set<string>();
  for (const [name] of entries) {
    if (seen.has(name)) reading.repeated.push([...reading.path, name].join('.'));
    seen.add(name);
  }
  return Object.fromEntries(entries);
}

/** Returns "line 3, column 14" for a position in `text`. */
function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

const WORDS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is no value of JSON; texts stand in double quotes',
  InvalidNumberFormat: 'this is no number',
  PropertyNameExpected: 'expected a name in double quotes',
  ValueExpected: 'expected a value',
  ColonExpected: 'expected a colon',
  CommaExpected: 'expected a comma',
  CloseBraceExpected: 'expected }',
  CloseBracketExpected: 'expected ]',
  EndOfFileExpected: 'expected the end of the file',
  UnexpectedEndOfComment: 'a comment does not end',
  UnexpectedEndOfString: 'a text does not end',
  InvalidEscapeCharacter: 'no such escape; write \\\\ for a backslash',
};

const wordsFor = (code: ParseError['error'] | undefined): string =>
  (code === undefined ? undefined : WORDS[printParseErrorCode(code)]) ?? 'this is not JSON';
