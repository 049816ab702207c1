// Writes the parts of documents that are made from the code: `npm run docs:settings`. With `--check` it writes nothing and
// names the files that are out of date. The reference of HTTP routes needs running services: `npm run docs:http`.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FILES_WITH_BLOCKS, fillBlocks, generateTexts } from './generated-blocks.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const texts = await generateTexts();
const known = new Set([...texts.keys(), 'http']);
const isCheck = process.argv.includes('--check');

const files = ['README.md', ...FILES_WITH_BLOCKS, ...globSync(['docs/**/*.md', 'services/*/README.md'], { cwd: ROOT })];
const outdated = files.filter((file) => {
  const before = readFileSync(`${ROOT}${file}`, 'utf8');
  const after = fillBlocks(before, texts, known);
  if (!isCheck && after !== before) writeFileSync(`${ROOT}${file}`, after);
  return after !== before;
});
for (const file of outdated) process.stdout.write(`${isCheck ? 'out of date' : 'written'}: ${file}\n`);
if (isCheck && outdated.length > 0) process.exitCode = 1;
