import type { NAVIGATION } from './navigation.ts';
import { escape } from './render-page.ts';
import { relativeTo, type SitePage, targetOf } from './site.ts';

/** Data that all pages share: the navigation, and the title of each page by its source. */
export interface SiteFrame {
  readonly navigation: typeof NAVIGATION;
  readonly titles: ReadonlyMap<string, string>;
}

/** Puts a page into the frame that all pages share: navigation, search, the page, its headings. */
export function pageHtml(page: SitePage, { navigation, titles }: SiteFrame): string {
  const way = (target: string) => relativeTo(page.target, target);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} · Toolmesh</title>
<link rel="stylesheet" href="${way('style.css')}">
<script defer src="${way('search.js')}" data-root="${way('')}"></script>
</head>
<body>
<header>
<a class="brand" href="${way('index.html')}">Toolmesh</a>
<search><input type="search" id="search" placeholder="Search" aria-label="Search the documentation" autocomplete="off">
<ol id="found" hidden></ol></search>
</header>
<nav aria-label="Pages">${navigation.map(([heading, sources]) => `<h2>${heading}</h2>${listHtml(sources, page, titles)}`).join('\n')}</nav>
<main>
${page.html}</main>
<nav class="headings" aria-label="On this page">${headingsHtml(page)}</nav>
</body>
</html>
`;
}

function listHtml(sources: readonly string[], page: SitePage, titles: SiteFrame['titles']): string {
  const items = sources.map((source) => {
    const current = source === page.source ? ' aria-current="page"' : '';
    const href = relativeTo(page.target, targetOf(source));
    return `<li><a href="${escape(href)}"${current}>${titles.get(source) ?? source}</a></li>`;
  });
  return `<ul>${items.join('')}</ul>`;
}

function headingsHtml({ headings }: SitePage): string {
  const items = headings
    .filter(({ depth }) => depth === 2)
    .map(({ slug, text }) => `<li><a href="#${slug}">${text}</a></li>`);
  return items.length === 0 ? '' : `<h2>On this page</h2><ul>${items.join('')}</ul>`;
}
