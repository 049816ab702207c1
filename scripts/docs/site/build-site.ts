import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brokenLinks, navigationOf, renderSite } from './site.ts';
import { pageHtml } from './template.ts';

/** Builds the site into `output` and returns the number of its pages. @throws Error that lists every broken link. */
export function buildSite(root: string, output: string): number {
  const pages = renderSite(root);
  const broken = brokenLinks(root, pages);
  if (broken.length > 0) throw new Error(`Links that lead nowhere:\n${broken.join('\n')}`);
  const frame = { navigation: navigationOf(root), titles: new Map(pages.map(({ source, title }) => [source, title])) };
  rmSync(output, { recursive: true, force: true });
  for (const page of pages) write(join(output, page.target), pageHtml(page, frame));
  const sections = pages.flatMap(({ target, title, sections: parts }) =>
    parts.map((section) => ({ target, page: title, ...section })),
  );
  // A script and not JSON, so that the search also works where the site is opened as files.
  write(join(output, 'search-index.js'), `globalThis.searchIndex = ${JSON.stringify(sections)};\n`);
  for (const asset of ['style.css', 'search.js']) copyFileSync(join(import.meta.dirname, asset), join(output, asset));
  return pages.length;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
