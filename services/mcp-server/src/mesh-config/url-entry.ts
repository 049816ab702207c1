import { z } from 'zod';
import { CommonKeys, HttpUrl } from './common-keys.ts';

/** An MCP server over Streamable HTTP. */
export const UrlEntry = z
  .strictObject({ url: HttpUrl, ...CommonKeys })
  .transform((config) => ({ kind: 'url' as const, ...config }));
export type UrlConfig = z.output<typeof UrlEntry>;
