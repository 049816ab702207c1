import type { CommandConfig } from './command-entry.ts';
import type { OpenApiConfig } from './openapi-entry.ts';
import type { UrlConfig } from './url-entry.ts';

/** An entry that can be used. */
export type UpstreamConfig = UrlConfig | CommandConfig | OpenApiConfig;

/** An entry that cannot be used as it is, with the reasons. It never keeps others from running. */
export interface UnusableConfig {
  readonly kind: 'unusable';
  /** The kind that it is meant to be, as far as that is known. */
  readonly seen: UpstreamConfig['kind'] | 'unknown';
  readonly disabled: boolean;
  readonly required: boolean;
  /** Each with its place in the file and what was expected there. */
  readonly problems: readonly string[];
}

export type EntryConfig = UpstreamConfig | UnusableConfig;
