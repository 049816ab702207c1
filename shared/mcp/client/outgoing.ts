import type { McpResult } from '../protocol.ts';

/** A message on its way to the server. */
export interface Outgoing {
  readonly text: string;
  /** Of a request; undefined for anything else. */
  readonly id?: number | undefined;
  readonly method?: string | undefined;
  readonly params?: McpResult | undefined;
  /** Sent along over HTTP. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends a message. May resolve before its answer comes, or after. @throws when it cannot be sent, or answered any more */
export type Send = (message: Outgoing) => Promise<void>;

/** Sends a request of our own within the time for a page of a list. */
export type Ask = (method: string, params: McpResult, signal?: AbortSignal) => Promise<McpResult>;
