// Starts the services on free ports and writes docs/reference/http.md from what they say of themselves: `npm run docs:http`.
import { readFileSync, writeFileSync } from 'node:fs';
import { startMesh } from '../../e2e/mesh.ts';
import { fillBlocks } from './generated-blocks.ts';
import { httpReference } from './http.ts';

const FILE = new URL('../../docs/reference/http.md', import.meta.url);
const mesh = await startMesh();
try {
  const texts = new Map([['http', await httpReference(mesh.url)]]);
  writeFileSync(FILE, fillBlocks(readFileSync(FILE, 'utf8'), texts, new Set(['http'])));
} finally {
  await mesh.stop();
}
