import { Marked, type MarkedToken, type Token } from 'marked';
import { decodeEntities } from './entities.ts';
import { hostOf, safeLink } from './safe-link.ts';

/** Elements that have no attributes, only children. */
export type PlainTag = 'p' | 'h3' | 'h4' | 'h5' | 'h6' | 'blockquote' | 'ul' | 'li' | 'strong' | 'em' | 'del' | 'code';

/**
 * All that Markdown can become on the page. There is no node for HTML: markup in a message is text, so nothing that a
 * model or a tool says can bring an element, an attribute or a handler of its own.
 */
export type MarkdownNode =
  | string
  | { readonly tag: PlainTag; readonly children: readonly MarkdownNode[] }
  | { readonly tag: 'ol'; readonly start: number; readonly children: readonly MarkdownNode[] }
  | { readonly tag: 'a'; readonly href: string; readonly children: readonly MarkdownNode[] }
  | { readonly tag: 'image'; readonly src: string; readonly alt: string }
  | { readonly tag: 'remote-image'; readonly host: string; readonly href: string | undefined; readonly alt: string }
  | { readonly tag: 'code-block'; readonly language: string; readonly text: string }
  | { readonly tag: 'checkbox'; readonly checked: boolean }
  | { readonly tag: 'table'; readonly head: readonly Cell[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly tag: 'br' | 'hr' };

export interface Cell {
  readonly align: 'left' | 'center' | 'right' | null;
  readonly children: readonly MarkdownNode[];
}

/** A top-level block and the text it was made of: as long as the text is the same, so is the block. */
export interface MarkdownBlock {
  readonly source: string;
  readonly nodes: readonly MarkdownNode[];
}

const marked = new Marked({ gfm: true, breaks: true });
/** Deeper nesting than a person writes is shown as its source; a message must not exhaust the stack. */
const MAX_DEPTH = 24;

/** Parses Markdown (CommonMark with GitHub's tables, task lists and bare links). Never throws. */
export function parseMarkdown(text: string): readonly MarkdownBlock[] {
  try {
    return marked.lexer(text).map((token) => ({ source: token.raw, nodes: blockNodes(token, 0) }));
  } catch {
    return [{ source: text, nodes: [{ tag: 'p', children: [text] }] }];
  }
}

const isMarked = (token: Token): token is MarkedToken => token.type !== 'generic';

function blocks(tokens: readonly Token[] | undefined, depth: number): readonly MarkdownNode[] {
  return (tokens ?? []).flatMap((token) => blockNodes(token, depth));
}

function blockNodes(token: Token, depth: number): readonly MarkdownNode[] {
  if (!isMarked(token) || depth > MAX_DEPTH) return [token.raw];
  switch (token.type) {
    case 'space':
    case 'def':
      return [];
    case 'paragraph':
      return [{ tag: 'p', children: inlines(token.tokens, depth) }];
    case 'heading':
      return [{ tag: headingTag(token.depth), children: inlines(token.tokens, depth) }];
    case 'code':
      return [{ tag: 'code-block', language: languageOf(token.lang), text: token.text }];
    case 'blockquote':
      return [{ tag: 'blockquote', children: blocks(token.tokens, depth + 1) }];
    case 'hr':
      return [{ tag: 'hr' }];
    case 'list': {
      const children = token.items.map((item): MarkdownNode => ({
        tag: 'li',
        children: blocks(item.tokens, depth + 1),
      }));
      if (!token.ordered) return [{ tag: 'ul', children }];
      return [{ tag: 'ol', start: token.start === '' ? 1 : token.start, children }];
    }
    case 'table': {
      const row = (cells: typeof token.header): readonly Cell[] =>
        cells.map((cell) => ({ align: cell.align, children: inlines(cell.tokens, depth) }));
      return [{ tag: 'table', head: row(token.header), rows: token.rows.map(row) }];
    }
    case 'html':
      return token.text.trim() === '' ? [] : [{ tag: 'p', children: [token.text.trimEnd()] }];
    default:
      return inline(token, depth);
  }
}

/** The page's own headings are the first two levels. */
function headingTag(depth: number): PlainTag {
  return (['h3', 'h4', 'h5', 'h6'] as const)[depth - 1] ?? 'h6';
}

const languageOf = (info: string | undefined): string => /^[\w+#.-]{1,32}/.exec(info ?? '')?.[0].toLowerCase() ?? '';

function inlines(tokens: readonly Token[] | undefined, depth: number): readonly MarkdownNode[] {
  return (tokens ?? []).flatMap((token) => inline(token, depth));
}

function inline(token: Token, depth: number): readonly MarkdownNode[] {
  if (!isMarked(token) || depth > MAX_DEPTH) return [token.raw];
  switch (token.type) {
    case 'text':
      return token.tokens === undefined ? [decodeEntities(token.text)] : inlines(token.tokens, depth + 1);
    case 'escape':
      return [token.text];
    case 'strong':
    case 'em':
    case 'del':
      return [{ tag: token.type, children: inlines(token.tokens, depth + 1) }];
    case 'codespan':
      return [{ tag: 'code', children: [token.text] }];
    case 'br':
      return [{ tag: 'br' }];
    case 'checkbox':
      return [{ tag: 'checkbox', checked: token.checked }];
    case 'link':
      return link(token.href, inlines(token.tokens, depth + 1));
    case 'image':
      return [image(token.href, decodeEntities(token.text))];
    case 'html':
      return /^<br\s*\/?>$/i.test(token.text) ? [{ tag: 'br' }] : [token.text];
    default:
      return blockNodes(token, depth + 1);
  }
}

function link(address: string, children: readonly MarkdownNode[]): readonly MarkdownNode[] {
  const href = safeLink(decodeEntities(address));
  return href === undefined ? children : [{ tag: 'a', href, children }];
}

const INLINE_IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/;

/** A picture within the message is shown; one elsewhere is not fetched: its address could carry what was said out. */
function image(address: string, alt: string): MarkdownNode {
  if (INLINE_IMAGE.test(address)) return { tag: 'image', src: address, alt };
  const href = safeLink(decodeEntities(address));
  return { tag: 'remote-image', host: href === undefined ? 'an unknown place' : hostOf(href), href, alt };
}
