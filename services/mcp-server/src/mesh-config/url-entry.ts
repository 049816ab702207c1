import { z } from 'zod';
import { CommonKeys, HttpUrl } from './common-keys.ts';

/** Keys of an MCP server over HTTP. */
export const UrlKeys = {
  url: HttpUrl,
  /** The transport that the entry names: Streamable HTTP, or HTTP with server-sent events as of 2024. */
  transport: z.enum(['http', 'sse']).optional(),
  ...CommonKeys,
};

/** An MCP server over HTTP. */
export const UrlEntry = z.strictObject(UrlKeys).transform((config) => ({ kind: 'url' as const, ...config }));
export type UrlConfig = z.output<typeof UrlEntry>;
