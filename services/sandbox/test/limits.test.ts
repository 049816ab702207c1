import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { LIMITS } from '@toolmesh/shared/contracts/execution';
import { ARTIFACT_LIMITS } from '../src/workers/protocol.ts';

const SOURCES = ['../src', '../../code-executor/src'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

const lines = SOURCES.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(?:ts|js|py)$/.test(path))
    .flatMap((path) =>
      readFileSync(join(folder, path), 'utf8')
        .split('\n')
        .map((text) => ({ path, text })),
    ),
);

/** The value of a number as JavaScript and Python write it: `20`, `8 * 1_024 ** 2`, `8 << 20`. */
function valuesIn(text: string): readonly number[] {
  return [...text.matchAll(/\b(\d[\d_]*)(?:\s*(\*|<<)\s*(MIB|KIB|[\d_]+)(?:\s*(\*\*?)\s*([\d_]+))?)?/g)].map(
    ([, first = '', operator, second = '', power, last = '']) => {
      const number = (digits: string) => Number(digits.replaceAll('_', ''));
      const unit = { MIB: 1_024 ** 2, KIB: 1_024 }[second] ?? number(second);
      if (operator === '<<') return number(first) * 2 ** unit;
      if (operator === undefined) return number(first);
      if (power === '**') return number(first) * unit ** number(last);
      return number(first) * unit * (power === '*' ? number(last) : 1);
    },
  );
}

test('reads numbers as both languages write them', () => {
  const texts = ['20', '8 * 1_024 ** 2', '8 * 1024 * 1024', '8 << 20', '8 * MIB', '65_536'];
  expect(texts.flatMap(valuesIn)).toEqual([20, 2 ** 23, 2 ** 23, 2 ** 23, 2 ** 23, 65_536]);
});

test('the limits of a result stand in the contract alone, for every language', () => {
  const isCopy = (text: string): boolean =>
    valuesIn(text).some(
      (value) =>
        value === LIMITS.artifactsBytes ||
        (/artifact/i.test(text) && [LIMITS.artifacts, ARTIFACT_LIMITS.path_chars].includes(value)) ||
        (/output.?bytes/i.test(text) && value === LIMITS.outputBytes),
    );
  // Other limits with the same value, by chance.
  const known = /NEARLY_FULL_BYTES|METADATA_BYTES|MAX_FILE_BYTES|LOCALES_WEIGHT/;
  expect(lines.length).toBeGreaterThan(5_000);
  expect(lines.filter(({ text }) => isCopy(text) && !known.test(text))).toEqual([]);
});
