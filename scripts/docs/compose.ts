import { readFileSync } from 'node:fs';
import type { Setting } from './settings.ts';

/** A container's port is fixed; the one that is published is `NAME_PORT`. */
const NOT_GIVEN = new Set(['PORT']);
const COMMON = 'x-environment';
const GENERATED = /^ *# generated: \S+\n[\s\S]*?^ *# end\n/gm;

/**
 * Returns the blocks of docker-compose.yml by name: for each service the settings of its schema, taken from the
 * environment or `.env`, and its secrets as files; then the files themselves. A line that was written by hand in the
 * same place wins: the setting is left out of the block.
 */
export function composeBlocks(
  common: readonly Setting[],
  byService: ReadonlyMap<string, readonly Setting[]>,
): ReadonlyMap<string, string> {
  const text = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8').replaceAll(GENERATED, '');
  const commonNames = new Set(common.map(({ name }) => name));
  const given = without(common, namesByHand(text, COMMON));
  const blocks = new Map([['compose-settings', settingLines(given, 2)]]);
  const files = new Map(secretsOf(given).map((name) => [name, fileLine(name)]));
  for (const [service, settings] of byService) {
    const byHand = namesByHand(text, service);
    const own = without(settings, new Set([...commonNames, ...byHand]));
    blocks.set(`compose-settings-${service}`, settingLines(own, 6));
    const secrets = [...secretsOf(given), ...secretsOf(own)];
    blocks.set(`compose-secrets-${service}`, listOf('secrets', secrets));
    for (const name of secretsOf(own)) files.set(name, fileLine(name));
  }
  return blocks.set('compose-secrets', [...files.values()].join('\n'));
}

const without = (settings: readonly Setting[], names: ReadonlySet<string>): readonly Setting[] =>
  settings.filter(({ name }) => !names.has(name) && !NOT_GIVEN.has(name));

const secretsOf = (settings: readonly Setting[]): readonly string[] =>
  settings.filter(({ isSecret }) => isSecret).map(({ name }) => name);

const settingLines = (settings: readonly Setting[], indent: number): string =>
  settings
    .flatMap(({ name, isSecret }) => [
      `${name}: \${${name}:-}`,
      ...(isSecret ? [`${name}_FILE: /run/secrets/${name}`] : []),
    ])
    .map((line) => `${' '.repeat(indent)}${line}`)
    .join('\n');

/** The file of a secret that is not given: it counts as no setting. */
const fileLine = (name: string): string => `  ${name}: { file: '\${${name}_FILE:-/dev/null}' }`;

/** The variables that a block of the file sets by hand. */
function namesByHand(text: string, block: string): ReadonlySet<string> {
  const lines = new RegExp(`^ *${block}:(?: &\\w+)?\\n((?: .*\\n)*)`, 'm').exec(text)?.[1] ?? '';
  const own = block === COMMON ? lines : (/^((?: {4}.*\n)*)/.exec(lines)?.[1] ?? '');
  return new Set([...own.matchAll(/^ +([A-Z][A-Z0-9_]*): /gm)].flatMap(([, name]) => name ?? []));
}

const LINE_WIDTH = 120;

/** Returns a list of a service as the formatter writes it: one that is too long goes below its key. */
function listOf(key: string, items: readonly string[]): string {
  const list = `[${items.join(', ')}]`;
  const line = `    ${key}: ${list}`;
  return line.length <= LINE_WIDTH ? line : `    ${key}:\n      ${list}`;
}
