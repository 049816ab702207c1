import MarkdownIt, { type Token } from 'markdown-it';
import { createSlugger } from './slug.ts';

/** A page as HTML, with what a reader can link to and what it links to. */
export interface RenderedPage {
  readonly title: string;
  readonly html: string;
  readonly headings: readonly { readonly depth: number; readonly text: string; readonly slug: string }[];
  readonly links: readonly string[];
  /** The words of each section, for the search. */
  readonly sections: readonly { readonly slug: string; readonly heading: string; readonly text: string }[];
}

const CALLOUT = /^\[!(NOTE|TIP|WARNING)\]\s*/;

/** Renders one document. `resolve` turns a link of the document into one of the site; undefined makes it plain text. */
export function renderPage(markdown: string, resolve: (href: string) => string | undefined): RenderedPage {
  const slug = createSlugger();
  const headings: { depth: number; text: string; slug: string }[] = [];
  const links: string[] = [];
  const parser = new MarkdownIt({ html: true });
  const { rules } = parser.renderer;
  rules['heading_open'] = (tokens, index) => {
    const tag = tokens[index]?.tag ?? 'h1';
    const text = (tokens[index + 1]?.children ?? []).map(({ content }) => content).join('');
    const id = slug(text);
    headings.push({ depth: Number(tag.slice(1)), text: escape(text), slug: id });
    return `<${tag} id="${id}"><a href="#${id}">`;
  };
  rules['heading_close'] = (tokens, index) => `</a></${tokens[index]?.tag}>\n`;
  rules['fence'] = rules['code_block'] = (tokens, index) => {
    const { info = '', content = '' } = tokens[index] ?? {};
    return `<pre data-language="${escape(info.split(' ')[0] ?? '')}"><code>${escape(content.replace(/\n$/, ''))}</code></pre>\n`;
  };
  rules['table_open'] = () => '<div class="table"><table>';
  rules['table_close'] = () => '</table></div>\n';
  const tokens = parser.parse(markdown, {});
  for (const { children } of tokens) resolveLinks(children ?? [], (href) => (links.push(href), resolve(href)));
  markCallouts(tokens);
  const html = parser.renderer.render(tokens, parser.options, {});
  return { title: headings[0]?.text ?? '', html, headings, links, sections: sectionsOf(html) };
}

/** Gives links their targets of the site; one that has none becomes the text that it is. */
function resolveLinks(tokens: readonly Token[], resolve: (href: string) => string | undefined): void {
  let isPlain = false;
  for (const token of tokens) {
    if (token.type === 'link_open') {
      const target = resolve(String(token.attrGet('href') ?? ''));
      isPlain = target === undefined;
      if (target !== undefined) token.attrSet('href', target);
    }
    if (isPlain && (token.type === 'link_open' || token.type === 'link_close')) token.hidden = true;
  }
}

/** A quote that begins with `[!NOTE]` becomes an aside of that kind. */
function markCallouts(tokens: readonly Token[]): void {
  tokens.forEach((token, index) => {
    const words = tokens[index + 2]?.children ?? [];
    const [first, second] = words;
    if (token.type !== 'blockquote_open' || first === undefined) return;
    const kind = CALLOUT.exec(first.content)?.[1];
    if (kind === undefined) return;
    first.content = first.content.replace(CALLOUT, '');
    if (second?.type === 'softbreak') words.splice(1, 1);
    const close = tokens.findIndex(
      ({ type, level }, at) => at > index && type === 'blockquote_close' && level === token.level,
    );
    token.attrSet('class', kind.toLowerCase());
    for (const quote of [token, tokens[close]]) if (quote !== undefined) quote.tag = 'aside';
  });
}

function sectionsOf(html: string): RenderedPage['sections'] {
  return html
    .split(/(?=<h[1-3] id=")/)
    .filter((part) => part.startsWith('<h'))
    .map((part) => {
      const [heading = '', ...rest] = part.split(/<\/h[1-3]>/);
      return {
        slug: /id="([^"]*)"/.exec(heading)?.[1] ?? '',
        heading: wordsOf(heading),
        text: wordsOf(rest.join(' ')),
      };
    });
}

const wordsOf = (html: string): string =>
  unescape(html.replaceAll(/<[^<>]*>/g, ' '))
    .replaceAll(/\s+/g, ' ')
    .trim();

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for HTML, attributes included. */
export const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const unescape = (html: string): string =>
  Object.entries(ENTITIES).reduceRight((text, [character, entity]) => text.replaceAll(entity, character), html);
