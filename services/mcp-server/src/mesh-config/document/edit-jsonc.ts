import { createScanner, findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';

type Path = readonly (string | number)[];

/** A replacement of a part of a text. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Returns JSON text, which may have comments and trailing commas, with the value at `path` replaced, or added after its
 * sisters. Every other character stays as it is. Objects on the way that are missing are made.
 */
export function setInJsonc(text: string, path: Path, value: unknown): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const key = path.at(-1);
  if (root === undefined || key === undefined) return text;
  const known = findNodeAtLocation(root, [...path]);
  if (known !== undefined)
    return applied(text, [{ ...rangeOf(known), text: written(value, indentAt(text, known.offset), text) }]);
  const holder = findNodeAtLocation(root, path.slice(0, -1));
  if (holder?.type === 'object') return applied(text, additions(text, holder, { key, value }));
  return setInJsonc(text, path.slice(0, -1), { [key]: value });
}

/** Returns JSON text without the value at `path`, its key, its comma and a comment that follows on its line. */
export function removeFromJsonc(text: string, path: Path): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const known = root === undefined ? undefined : findNodeAtLocation(root, [...path]);
  if (known === undefined) return text;
  const item = known.parent?.type === 'property' ? known.parent : known;
  const sisters = item.parent?.children ?? [];
  const comma = commaAfter(text, endOf(item));
  const end = endOfLine(text, comma === undefined ? endOf(item) : comma + 1);
  const edits: Edit[] = [{ start: startOfLine(text, item.offset), end, text: '' }];
  const before = sisters[sisters.indexOf(item) - 1];
  const orphan = comma === undefined && before !== undefined ? commaAfter(text, endOf(before)) : undefined;
  if (orphan !== undefined) edits.unshift({ start: orphan, end: orphan + 1, text: '' });
  return applied(text, edits);
}

function additions(
  text: string,
  holder: Node,
  { key, value }: { readonly key: string | number; readonly value: unknown },
): readonly Edit[] {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const last = holder.children?.at(-1);
  const outer = indentAt(text, holder.offset);
  const indent = last === undefined ? outer + unitOf(text) : indentAt(text, last.offset);
  const entry = `${eol}${indent}${JSON.stringify(key)}: ${written(value, indent, text)}`;
  const close = endOf(holder) - 1;
  if (last === undefined) return [{ start: close, end: close, text: `${entry}${eol}${outer}` }];
  const comma = commaAfter(text, endOf(last));
  const start = endOfLine(text, comma === undefined ? endOf(last) : comma + 1);
  // Where the closing brace stands on the same line, it moves to one of its own.
  const isOneLine = text.slice(start, close).trim() === '' && !text.slice(start, close).includes('\n');
  const addition = {
    start,
    end: start,
    text: `${entry}${comma === undefined ? '' : ','}${isOneLine ? eol + outer : ''}`,
  };
  return comma === undefined ? [{ start: endOf(last), end: endOf(last), text: ',' }, addition] : [addition];
}

const endOf = ({ offset, length }: Node): number => offset + length;
const rangeOf = (node: Node): { start: number; end: number } => ({ start: node.offset, end: endOf(node) });

/** Returns the place of the comma that follows, after blanks and comments; undefined if there is none. */
function commaAfter(text: string, from: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(from);
  scanner.scan();
  const place = scanner.getTokenOffset();
  return text[place] === ',' ? place : undefined;
}

/** Returns the place after the comments that follow on the same line. */
function endOfLine(text: string, from: number): number {
  const [found = ''] = /^(?:[ \t]*\/\*[^\n]*?\*\/)*[ \t]*(?:\/\/[^\r\n]*)?/.exec(text.slice(from)) ?? [];
  return found.trim() === '' ? from : from + found.length;
}

/** Returns where the line of a place begins, with the line break before it, if nothing else stands before the place. */
function startOfLine(text: string, place: number): number {
  let start = place;
  while (text[start - 1] === ' ' || text[start - 1] === '\t') start -= 1;
  if (text[start - 1] === '\n') start -= 1;
  return text[start - 1] === '\r' ? start - 1 : start;
}

/** Returns the blanks at the start of the line of a place. */
function indentAt(text: string, place: number): string {
  const start = text.lastIndexOf('\n', place - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start))?.[0] ?? '';
}

/** Returns the blanks of one level, as the file has them. */
const unitOf = (text: string): string => /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';

function applied(text: string, edits: readonly Edit[]): string {
  return edits
    .toReversed()
    .reduce((edited, { start, end, text: part }) => edited.slice(0, start) + part + edited.slice(end), text);
}

/** The longest list or object of texts that stands on one line. */
const MAX_LINE = 90;

/** Returns a value as a person writes it: short lists and objects on one line. */
function written(value: unknown, indent: string, text: string): string {
  const isList = Array.isArray(value);
  if (!isList && !isRecord(value)) return JSON.stringify(value);
  const [open, close] = isList ? ['[', ']'] : ['{ ', ' }'];
  const items = isList ? value : Object.values(value);
  const isFlat = items.every((item) => typeof item !== 'object' || item === null);
  const named = isList
    ? value.map((item: unknown) => ['', item] as const)
    : Object.entries(value).map(([key, item]) => [`${JSON.stringify(key)}: `, item] as const);
  if (named.length === 0) return isList ? '[]' : '{}';
  const line = `${open}${named.map(([key, item]) => `${key}${JSON.stringify(item)}`).join(', ')}${close}`;
  if (isFlat && line.length <= MAX_LINE) return line;
  const inner = indent + unitOf(text);
  const lines = named.map(([key, item]) => `${inner}${key}${written(item, inner, text)}`);
  return `${open.trim()}\n${lines.join(',\n')}\n${indent}${close.trim()}`;
}
