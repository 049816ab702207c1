import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { kitReference } from '../kit.ts';
import { NAVIGATION } from './navigation.ts';
import { type RenderedPage, renderPage } from './render-page.ts';

/** One page: where it is from, where it goes, and what is on it. */
export interface SitePage extends RenderedPage {
  /** Path of the source from the project's root. */
  readonly source: string;
  /** Path of the HTML file in the site. */
  readonly target: string;
}

const EXTERNAL = /^[a-z][a-z0-9+.-]*:/i;

/** Lists the navigation: the fixed part, and the README of each service. */
export function navigationOf(root: string): typeof NAVIGATION {
  const services = globSync('services/**/README.md', { cwd: root, exclude: ['**/node_modules/**'] });
  return [...NAVIGATION, ['Services', [...services.sort(), 'monitoring/README.md']]];
}

/** Lists the sources of the site: what the navigation names, and every other document in `docs`. */
export function sourcesOf(root: string): readonly string[] {
  const named = navigationOf(root).flatMap(([, pages]) => pages);
  return [...new Set([...named, ...globSync('docs/**/*.md', { cwd: root }).sort()])];
}

/** Gives the path of a source's page in the site: `docs/guide/x.md` becomes `guide/x.html`. */
export const targetOf = (source: string): string => source.replace(/^docs\//, '').replace(/\.md$/, '.html');

/** Renders all pages. Links between documents become links between pages; those to other files become plain text. */
export function renderSite(root: string): readonly SitePage[] {
  const sources = new Set(sourcesOf(root));
  return [...sources].map((source) => {
    const markdown = readFileSync(join(root, source), 'utf8')
      .replace('<!-- built: kit -->', () => kitReference(root))
      .replace('<!-- built: decisions -->', () => decisionList(root));
    const target = targetOf(source);
    const resolve = (href: string): string | undefined => {
      if (EXTERNAL.test(href) || href.startsWith('#')) return href;
      const [path = '', anchor] = href.split('#');
      const linked = normalize(join(dirname(source), path));
      if (!sources.has(linked)) return undefined;
      return `${relativeTo(target, targetOf(linked))}${anchor === undefined ? '' : `#${anchor}`}`;
    };
    return { source, target, ...renderPage(markdown, resolve) };
  });
}

/** Lists the records of decisions by their titles. */
function decisionList(root: string): string {
  const files = globSync('docs/decisions/[0-9]*.md', { cwd: root }).sort();
  const titleOf = (file: string) => /^# (?:\d+\. )?(.*)$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1] ?? file;
  return files.map((file) => `- ${basename(file).slice(0, 4)}: [${titleOf(file)}](${basename(file)})`).join('\n');
}

/** Gives the way from one page to another. */
export const relativeTo = (from: string, to: string): string => `${'../'.repeat(from.split('/').length - 1)}${to}`;

/** Lists the links that lead nowhere: to a file that is not there, or to a heading that its page does not have. */
export function brokenLinks(root: string, pages: readonly SitePage[]): readonly string[] {
  const bySource = new Map(pages.map((page) => [page.source, page]));
  const isBroken = (page: SitePage, href: string): boolean => {
    if (EXTERNAL.test(href)) return false;
    const [path = '', anchor] = href.split('#');
    const linked = path === '' ? page.source : normalize(join(dirname(page.source), decodeURI(path)));
    if (!existsSync(join(root, linked))) return true;
    const target = bySource.get(linked);
    return anchor !== undefined && target !== undefined && !target.headings.some(({ slug }) => slug === anchor);
  };
  return pages.flatMap((page) =>
    page.links.filter((href) => isBroken(page, href)).map((href) => `${page.source}: ${href}`),
  );
}
