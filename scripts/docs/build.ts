// Builds the documentation site into reports/docs and checks its links: `npm run docs:build`.
import { fileURLToPath } from 'node:url';
import { buildSite } from './site/build-site.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const count = buildSite(ROOT, `${ROOT}reports/docs`);
process.stdout.write(`reports/docs: ${count} pages, all links lead somewhere; open reports/docs/index.html\n`);
