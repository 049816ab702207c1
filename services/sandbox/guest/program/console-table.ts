import { inspect } from 'node-inspect-extracted';
import { isObject } from '../modules/record.ts';

const VALUES = 'Values';

/** Returns the drawing of `data` with the columns of its rows, or with `only` those; undefined for what is no table. */
export function formatTable(data: unknown, only?: readonly string[]): string | undefined {
  if (data === null || typeof data !== 'object') return undefined;
  const rows = rowsOf(data).map(([index, value]) => {
    const cells: readonly (readonly [string, string])[] = isObject(value)
      ? Object.keys(value).map((name) => [name, fieldOf(value, name)])
      : [[VALUES, cellOf(value)]];
    return { index, cells: new Map(cells) };
  });
  const found = new Set(rows.flatMap(({ cells }) => [...cells.keys()]));
  const columns = only === undefined ? [...found].filter((name) => name !== VALUES) : [...only];
  if (only === undefined && found.has(VALUES)) columns.push(VALUES);
  return draw(
    [data instanceof Map || data instanceof Set ? '(iteration index)' : '(index)', ...columns],
    rows.map(({ index, cells }) => [index, ...columns.map((name) => cells.get(name) ?? '')]),
  );
}

function cellOf(value: unknown): string {
  const isWide = isObject(value) && Object.keys(value).length > 2;
  const depth = isWide && !Array.isArray(value) ? -1 : 0;
  return inspect(value, { depth, maxArrayLength: 3, breakLength: Infinity });
}

function fieldOf(row: object, name: string): string {
  const descriptor = Object.getOwnPropertyDescriptor(row, name);
  return descriptor?.get === undefined ? cellOf(Reflect.get(row, name)) : '[Getter]';
}

function rowsOf(data: object): readonly (readonly [string, unknown])[] {
  if (data instanceof Map) return [...data].map(([Key, value], i) => [`${i}`, { Key, [VALUES]: value }]);
  return data instanceof Set ? [...data].map((value, i) => [`${i}`, value]) : Object.entries(data);
}

function draw(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)) + 2);
  const rule = (left: string, middle: string, right: string) =>
    left + widths.map((width) => '─'.repeat(width)).join(middle) + right;
  const line = (cells: readonly string[]) => `│${cells.map((text, i) => ` ${text}`.padEnd(widths[i] ?? 0)).join('│')}│`;
  return [rule('┌', '┬', '┐'), line(heads), rule('├', '┼', '┤'), ...rows.map(line), rule('└', '┴', '┘')].join('\n');
}
