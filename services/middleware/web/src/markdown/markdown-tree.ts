import type { Token } from 'markdown-it';
import { createMarkdownParser } from './markdown-parser.ts';
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

const parse = createMarkdownParser();
/** Deeper nesting than a person writes is shown as its source; a message must not exhaust the stack. */
const MAX_DEPTH = 24;
/** A longer message is shown as it was written: nobody reads it all, and the page must not stand still for it. */
const MAX_CHARS = 256 * 1_024;

/** Parses Markdown (CommonMark with GitHub's tables, task lists and bare links). Never throws. */
export function parseMarkdown(text: string): readonly MarkdownBlock[] {
  const plain: readonly MarkdownBlock[] = [{ source: text, nodes: [{ tag: 'p', children: [text] }] }];
  if (text.length > MAX_CHARS) return plain;
  try {
    const lines = text.split(/(?<=\n)/);
    const branches = treeOf(parse(text));
    return branches.map((branch, index) => {
      const start = index === 0 ? 0 : branch.token.map?.[0];
      const end = branches[index + 1]?.token.map?.[0];
      return { source: lines.slice(start, end).join(''), nodes: blockNodes(branch, { lines, depth: 0 }) };
    });
  } catch {
    return plain;
  }
}

/** A token, and those between it and the one that closes it. */
interface Branch {
  readonly token: Token;
  readonly branches: readonly Branch[];
}

function treeOf(tokens: readonly Token[]): readonly Branch[] {
  const open: Branch[][] = [[]];
  for (const token of tokens) {
    if (token.nesting === -1) {
      if (open.length > 1) open.pop();
      continue;
    }
    const branches: Branch[] = [];
    open.at(-1)?.push({ token, branches });
    if (token.nesting === 1) open.push(branches);
  }
  return open[0] ?? [];
}

interface Place {
  readonly lines: readonly string[];
  readonly depth: number;
}

function blockNodes({ token, branches }: Branch, place: Place): readonly MarkdownNode[] {
  const { lines, depth } = place;
  if (depth > MAX_DEPTH) return token.map === null ? [token.content] : [lines.slice(...token.map).join('')];
  const children = () => branches.flatMap((branch) => blockNodes(branch, { lines, depth: depth + 1 }));
  switch (token.type) {
    case 'paragraph_open':
      return token.hidden ? children() : [{ tag: 'p', children: children() }];
    case 'heading_open':
      return [{ tag: headingTag(Number(token.tag.slice(1))), children: children() }];
    case 'fence':
    case 'code_block':
      return [{ tag: 'code-block', language: languageOf(token.info), text: token.content.replace(/\n$/, '') }];
    case 'blockquote_open':
      return [{ tag: 'blockquote', children: children() }];
    case 'bullet_list_open':
      return [{ tag: 'ul', children: children() }];
    case 'ordered_list_open':
      return [{ tag: 'ol', start: Number(token.attrGet('start') ?? 1), children: children() }];
    case 'list_item_open':
      return [{ tag: 'li', children: withCheckbox(children()) }];
    case 'hr':
      return [{ tag: 'hr' }];
    case 'table_open':
      return [table(branches, depth)];
    case 'inline':
      return inlines(token, depth);
    case 'html_block':
      return [{ tag: 'p', children: [token.content.trimEnd()] }];
    default:
      return [token.content];
  }
}

/** The page's own headings are the first two levels. */
function headingTag(level: number): PlainTag {
  return (['h3', 'h4', 'h5', 'h6'] as const)[level - 1] ?? 'h6';
}

const languageOf = (info: string): string => /^[\w+#.-]{1,32}/.exec(info.trim())?.[0].toLowerCase() ?? '';

/** `[ ] ` at the beginning of an item is a box to tick. */
function withCheckbox([first, ...rest]: readonly MarkdownNode[]): readonly MarkdownNode[] {
  if (first === undefined) return [];
  if (typeof first === 'object') {
    return first.tag === 'p' ? [{ tag: 'p', children: withCheckbox(first.children) }, ...rest] : [first, ...rest];
  }
  const [box, mark] = /^\[([ xX])\] /.exec(first) ?? [];
  if (box === undefined) return [first, ...rest];
  return [{ tag: 'checkbox', checked: mark !== ' ' }, first.slice(box.length), ...rest];
}

function table(branches: readonly Branch[], depth: number): MarkdownNode {
  const rowsOf = (type: string): readonly (readonly Cell[])[] =>
    branches
      .filter(({ token }) => token.type === type)
      .flatMap((section) => section.branches.map((row) => row.branches.map((cell) => cellOf(cell, depth))));
  return { tag: 'table', head: rowsOf('thead_open')[0] ?? [], rows: rowsOf('tbody_open') };
}

function cellOf({ token, branches }: Branch, depth: number): Cell {
  const style = String(token.attrGet('style') ?? '');
  const align = (['left', 'center', 'right'] as const).find((side) => style === `text-align:${side}`) ?? null;
  return { align, children: branches.flatMap((branch) => inlines(branch.token, depth)) };
}

function inlines({ children, content }: Token, depth: number): readonly MarkdownNode[] {
  // The parser leaves out what has too many marks.
  if (children === null || children.length === 0) return content === '' ? [] : [content];
  return treeOf(children).flatMap((branch) => inline(branch, depth));
}

function inline({ token, branches }: Branch, depth: number): readonly MarkdownNode[] {
  if (depth > MAX_DEPTH) return [textOf(branches) || token.content];
  const children = () => branches.flatMap((branch) => inline(branch, depth + 1));
  switch (token.type) {
    case 'text':
      return token.content === '' ? [] : [token.content];
    case 'html_inline':
      return /^<br\s*\/?>$/i.test(token.content) ? [{ tag: 'br' }] : [token.content];
    case 'softbreak':
    case 'hardbreak':
      return [{ tag: 'br' }];
    case 'code_inline':
      return [{ tag: 'code', children: [token.content] }];
    case 'strong_open':
      return [{ tag: 'strong', children: children() }];
    case 'em_open':
      return [{ tag: 'em', children: children() }];
    case 's_open':
      return [{ tag: 'del', children: children() }];
    case 'link_open':
      return link(String(token.attrGet('href') ?? ''), children());
    case 'image':
      return [image(String(token.attrGet('src') ?? ''), textOf(treeOf(token.children ?? [])))];
    default:
      return [token.content];
  }
}

const textOf = (branches: readonly Branch[]): string =>
  branches.map(({ token, branches: inner }) => (inner.length > 0 ? textOf(inner) : token.content)).join('');

function link(address: string, children: readonly MarkdownNode[]): readonly MarkdownNode[] {
  const href = safeLink(address);
  return href === undefined ? children : [{ tag: 'a', href, children }];
}

const INLINE_IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/;

/** A picture within the message is shown; one elsewhere is not fetched: its address could carry what was said out. */
function image(address: string, alt: string): MarkdownNode {
  if (INLINE_IMAGE.test(address)) return { tag: 'image', src: address, alt };
  const href = safeLink(address);
  return { tag: 'remote-image', host: href === undefined ? 'an unknown place' : hostOf(href), href, alt };
}
