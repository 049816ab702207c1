import { LIMITS } from '@toolmesh/shared/contracts/execution';
import { type DisplayData, isJsonType, readableText } from '@toolmesh/shared/contracts/display';
import { z } from 'zod';

/** The displays of a program: the latest state of each display, in order. */
export interface Displays {
  readonly displays: readonly DisplayData[];
  /** True when some are missing, or parts of some. */
  readonly truncated: boolean;
}

/** A display on its way to a caller while the program runs, with a text for those who show nothing else. */
export interface DisplayChunk extends DisplayData {
  readonly stream: 'display';
  readonly text: string;
}

/**
 * A frame `display`. A hostile program forges its own, so that each field is bounded: `id` names the display that it
 * replaces, `clear` takes all back, `left_out` names types that were too large.
 */
const Message = z.object({
  data: z.record(z.string().max(100), z.unknown()).optional(),
  metadata: z.record(z.string().max(200), z.unknown()).optional(),
  id: z.string().max(200).optional(),
  clear: z.boolean().optional(),
  left_out: z.array(z.string().max(100)).max(100).optional(),
});
type Message = z.output<typeof Message>;

/** A type of media; its parameters are none of ours. */
const TYPE = /^[a-z]+\/[\w.+-]{1,80}$/i;
const BINARY = /^(?:image\/(?!svg)|application\/pdf$)/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MAX_MESSAGE_BYTES = 3 * 1_024 ** 2;
const MAX_TYPES = 20;
const MAX_DEPTH = 100;
/** Displays that are looked at: a program may replace its displays again and again, but not for ever. */
const MAX_MESSAGES = 1_000;
/** Bytes of a display that is streamed as it is; of a larger one, only its text is. */
const MAX_CHUNK_BYTES = 256 * 1_024;

interface Kept {
  readonly id: string | undefined;
  readonly display: DisplayData;
  readonly bytes: number;
}

/** Collects what a program shows, within LIMITS. `onChunk` is called for each display as it comes. */
export function collectDisplays(onChunk: (chunk: DisplayChunk) => void) {
  let kept: readonly Kept[] = [];
  let truncated = false;
  let messages = 0;

  const add = (message: Message, bytes: number): void => {
    if (message.clear === true) kept = [];
    if (message.left_out !== undefined) truncated = true;
    const display = toDisplay(message);
    if (display === undefined) return;
    const { id } = message;
    const replaced = id === undefined ? undefined : kept.find((other) => other.id === id);
    const next = { id, display, bytes };
    const list = replaced === undefined ? [...kept, next] : kept.map((other) => (other === replaced ? next : other));
    if (list.length > LIMITS.displays || sizeOf(list) > LIMITS.displaysBytes) {
      truncated = true;
      return;
    }
    kept = list;
    onChunk(toChunk(display, bytes));
  };

  return {
    take(payload: Buffer): void {
      messages += 1;
      if (messages > MAX_MESSAGES) truncated = true;
      else if (payload.length > MAX_MESSAGE_BYTES) truncated = true;
      else {
        const message = parse(payload);
        if (message !== undefined) add(message, payload.length);
      }
    },
    read: (): Displays => ({ displays: kept.map(({ display }) => display), truncated }),
  };
}

const sizeOf = (list: readonly Kept[]): number => list.reduce((sum, { bytes }) => sum + bytes, 0);

/** Reads a frame; one that is malformed shows nothing. */
function parse(payload: Buffer): Message | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return isDeeper(value, MAX_DEPTH) ? undefined : Message.safeParse(value).data;
  } catch {
    return undefined;
  }
}

/** Returns true for a value that is nested so deep that others could fail to read it. */
function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1));
}

function toDisplay({ data = {}, metadata = {} }: Message): DisplayData | undefined {
  const parts = Object.entries(data)
    .filter(([type, content]) => TYPE.test(type) && isContent(type, content))
    .slice(0, MAX_TYPES);
  return parts.length === 0 ? undefined : { data: Object.fromEntries(parts), metadata };
}

/** Returns true for content that is what its type promises: a value of JSON, base64 or text. */
function isContent(type: string, content: unknown): boolean {
  if (isJsonType(type)) return true;
  return typeof content === 'string' && (!BINARY.test(type) || BASE64.test(content));
}

function toChunk(display: DisplayData, bytes: number): DisplayChunk {
  const text = readableText(display) ?? `[${Object.keys(display.data).join(', ')}]`;
  const small = { text: text.slice(0, MAX_CHUNK_BYTES), data: {}, metadata: display.metadata };
  return { stream: 'display', ...(bytes <= MAX_CHUNK_BYTES ? { text, ...display } : small) };
}
