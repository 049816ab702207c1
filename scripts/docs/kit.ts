import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOMS = ['shared/kit', 'shared/contracts', 'shared/mcp'];
const EXPORT =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?^export (?:declare )?(?:async )?(function\*?|const|class|interface|type) (\w+)/gm;

interface Exported {
  readonly name: string;
  readonly kind: string;
  readonly text: string;
}

/** Writes the reference of the kit from its docstrings: a table for each file. */
export function kitReference(root: string): string {
  const files = ROOMS.flatMap((room) => globSync(`${room}/**/*.ts`, { cwd: root }).sort());
  return files
    .map((file) => ({ file, names: exportsOf(readFileSync(join(root, file), 'utf8')) }))
    .filter(({ names }) => names.length > 0)
    .map(({ file, names }) => {
      const path = file.replace(/^shared\//, '@toolmesh/shared/').replace(/\.ts$/, '');
      const rows = names.map(({ name, kind, text }) => `| \`${name}\` | ${kind} | ${text} |`);
      return [`## ${path}`, '', '| export | kind | |', '|---|---|---|', ...rows].join('\n');
    })
    .join('\n\n');
}

/** Lists the exports of a source file. A schema and the type made of it share a name and become one entry. */
export function exportsOf(source: string): readonly Exported[] {
  const byName = new Map<string, Exported>();
  for (const [, comment = '', kind = '', name = ''] of source.matchAll(EXPORT)) {
    const text = textOf(comment);
    const before = byName.get(name);
    byName.set(
      name,
      before === undefined
        ? { name, kind, text }
        : { ...before, kind: `${before.kind}, ${kind}`, text: before.text || text },
    );
  }
  return [...byName.values()];
}

function textOf(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trim())
    .join(' ')
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .replaceAll(/ ?@(throws|example|returns) /g, ' **$1** ')
    .replaceAll('|', String.raw`\|`)
    .trim();
}
