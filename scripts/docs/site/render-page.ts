import { Marked, type Tokens } from 'marked';
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

const CALLOUT = /^\s*<p>\[!(NOTE|TIP|WARNING)\]\s*/;

/** Renders one document. `resolve` turns a link of the document into one of the site; undefined makes it plain text. */
export function renderPage(markdown: string, resolve: (href: string) => string | undefined): RenderedPage {
  const slug = createSlugger();
  const headings: { depth: number; text: string; slug: string }[] = [];
  const links: string[] = [];
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const text = this.parser.parseInline(tokens, this.parser.textRenderer);
        const id = slug(unescape(text));
        headings.push({ depth, text, slug: id });
        return `<h${depth} id="${id}"><a href="#${id}">${this.parser.parseInline(tokens)}</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        links.push(href);
        const target = resolve(href);
        const text = this.parser.parseInline(tokens);
        return target === undefined ? text : `<a href="${escape(target)}">${text}</a>`;
      },
      blockquote({ tokens }) {
        const body = this.parser.parse(tokens);
        const kind = CALLOUT.exec(body)?.[1];
        if (kind === undefined) return `<blockquote>${body}</blockquote>\n`;
        return `<aside class="${kind.toLowerCase()}">${body.replace(CALLOUT, '<p>')}</aside>\n`;
      },
      code: ({ text, lang = '' }) =>
        `<pre data-language="${escape(lang.split(' ')[0] ?? '')}"><code>${escape(text)}</code></pre>\n`,
      table(token) {
        return `<div class="table">${tableHtml(token, (cell) => this.parser.parseInline(cell.tokens))}</div>\n`;
      },
    },
  });
  const html = marked.parse(markdown, { async: false });
  return { title: headings[0]?.text ?? '', html, headings, links, sections: sectionsOf(html) };
}

function tableHtml({ header, rows }: Tokens.Table, cellHtml: (cell: Tokens.TableCell) => string): string {
  const row = (cells: readonly Tokens.TableCell[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cellHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${row(header, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`;
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
