import { readFileSync, writeFileSync } from 'node:fs';
import { type Kind, resultOf, type Row } from './report.ts';

const KINDS: readonly Kind[] = ['server', 'document', 'client', 'ready'];

/** Writes a table of each kind between its marks in a page; a kind of which nothing was run keeps the one that it has. */
export function writeTables(page: string, rows: readonly Row[]): void {
  let text = readFileSync(page, 'utf8');
  for (const kind of KINDS) {
    const own = rows.filter((row) => row.kind === kind);
    if (own.length === 0) continue;
    const [before = '', rest = ''] = text.split(`<!-- table: ${kind} -->\n`);
    const after = rest.slice(rest.indexOf('<!-- end -->'));
    text = `${before}<!-- table: ${kind} -->\n${tableOf(kind, own)}\n${after}`;
  }
  writeFileSync(page, text);
}

function tableOf(kind: Kind, rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const known = [...row.notes, ...row.failures].join('; ');
    return [row.name, row.version, row.steps.join(', '), resultOf(row), known];
  });
  const head = [
    [kind === 'ready' ? 'entry' : kind, 'version', 'what was run', 'result', 'to know'],
    ['---', '---', '---', '---', '---'],
  ];
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [...head, ...lines].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
}
