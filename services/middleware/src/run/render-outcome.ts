import type { ContentBlock, ToolResult } from '@toolmesh/shared/contracts/tool';
import { z } from 'zod';
import type { Image } from '../models/model.ts';
import type { ToolOutcome } from '@toolmesh/shared/contracts/chat';

/** The outcome of a call as a model gets it. */
export interface RenderedOutcome {
  readonly text: string;
  readonly images: readonly Image[];
  /** True when something was left out. */
  readonly truncated: boolean;
}

const MAX_TEXT_CHARS = 32_000;
const MAX_IMAGES = 4;
/** Base64 characters; providers refuse larger images, and each costs many tokens. */
const MAX_IMAGE_CHARS = 5 * 1_024 ** 2;

/** Renders an outcome for a model: every item of a result as text, images as images, a long text by its head and tail. */
export function renderOutcome(outcome: ToolOutcome): RenderedOutcome {
  if ('error' in outcome) {
    const { code, message, details } = outcome.error;
    const hint = details === undefined ? '' : ` ${JSON.stringify(details)}`;
    return { ...cap(`Error ${code}: ${message}${hint}`), images: [] };
  }
  const { text, truncated } = cap(textOf(outcome));
  const images = outcome.content.filter(({ type }) => type === 'image');
  if (images.length === 0) return { text, truncated, images: [] };
  const shown = images.flatMap(showable).slice(0, MAX_IMAGES);
  return { text, images: shown, truncated: truncated || shown.length < images.length };
}

const ImageBlock = z.object({ type: z.literal('image'), data: z.string(), mimeType: z.string() });

/** Returns an image that providers take, in a list; an empty one for any other. */
function showable(block: ContentBlock): readonly Image[] {
  const { success, data: image } = ImageBlock.safeParse(block);
  return success && image.data.length <= MAX_IMAGE_CHARS ? [{ data: image.data, mimeType: image.mimeType }] : [];
}

function textOf({ content, structured_content, is_error }: ToolResult): string {
  const isEmpty = content.length === 0 && structured_content !== undefined;
  const text = isEmpty ? JSON.stringify(structured_content) : content.map(renderBlock).join('\n');
  return is_error ? `The tool failed.\n${text}` : text;
}

const Resource = z.object({
  resource: z.looseObject({ uri: z.string(), text: z.string().optional(), mimeType: z.string().optional() }),
});
const Link = z.object({ type: z.literal('resource_link'), uri: z.string(), name: z.string().optional() });

/** Renders one item as its text, or as a description of what it is. */
function renderBlock(block: ContentBlock): string {
  if (typeof block['text'] === 'string') return block['text'];
  const embedded = Resource.safeParse(block);
  if (embedded.success) {
    const { uri, text, mimeType = 'data' } = embedded.data.resource;
    return text === undefined ? `[resource ${uri}, ${mimeType}]` : `[resource ${uri}]\n${text}`;
  }
  const link = Link.safeParse(block);
  if (link.success) return `[link ${[link.data.name, link.data.uri].filter((part) => part !== undefined).join(' ')}]`;
  return `[${[block.type, block['mimeType']].filter((part) => typeof part === 'string').join(' ')}]`;
}

/** Shortens a text that would fill the model's context to its first three quarters and its last quarter. */
function cap(text: string): { readonly text: string; readonly truncated: boolean } {
  if (text.length <= MAX_TEXT_CHARS) return { text, truncated: false };
  const head = text.slice(0, MAX_TEXT_CHARS * 0.75).replace(/[\uD800-\uDBFF]$/, '');
  const tail = text.slice(-MAX_TEXT_CHARS * 0.25).replace(/^[\uDC00-\uDFFF]/, '');
  const left = text.length - head.length - tail.length;
  return { text: `${head}\n[... ${left} characters left out ...]\n${tail}`, truncated: true };
}
