import type { Edit } from './syntax.ts';

/** Maps a column of an edited text to the column of the text before. Lines and columns count from 1. */
export type ColumnMap = (line: number, column: number) => number;

/** Returns a map that takes back what edits earlier in a line have moved. */
export function createColumnMap(code: string, edits: readonly Edit[]): ColumnMap {
  const moves = edits
    .filter(([, , text]) => !text.includes('\n'))
    .map(([start, end, text]) => {
      const before = code.slice(0, start).split('\n');
      return { line: before.length, column: (before.at(-1) ?? '').length + 1, by: text.length - (end - start) };
    });
  return (line, column) => {
    let original = column;
    for (const move of moves) if (move.line === line && original > move.column) original -= move.by;
    return Math.max(1, original);
  };
}
