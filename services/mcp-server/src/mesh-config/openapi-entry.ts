import { z } from 'zod';
import { CommonKeys, HttpUrl } from './common-keys.ts';

/** Keys of a REST service with an OpenAPI document. */
export const OpenApiKeys = {
  /** URL or path of the document. */
  openapi: z.string().min(1),
  /** The service's URL, if it is not the document's server. */
  base_url: HttpUrl.optional(),
  /** Sent in the query of every request: a key, for instance. */
  query: z.record(z.string(), z.string()).default({}),
  /** A key, a token or `user:password` for each security scheme of the document. */
  credentials: z.record(z.string(), z.string()).default({}),
  /** About the size of its list of tools: larger schemas are trimmed, and arguments are checked against the whole. */
  max_list_bytes: z.int().min(1_024).default(524_288),
  /** Lists the schemas of results, too. They are large, and services break them. */
  output_schemas: z.boolean().default(false),
  ...CommonKeys,
};

/** A REST service with an OpenAPI document, whose operations become tools. */
export const OpenApiEntry = z
  .strictObject(OpenApiKeys)
  .transform((config) => ({ kind: 'openapi' as const, ...config }));
export type OpenApiConfig = z.output<typeof OpenApiEntry>;
