import type { BoundedCache } from '../bounded-cache.ts';
import type { OpenExchange } from '../exchange.ts';
import type { Refusals } from './openai-refusals.ts';

/** A server that speaks OpenAI's chat completions. */
export interface OpenAiServer {
  readonly apiKey: string;
  readonly baseUrl: string | undefined;
  readonly open: OpenExchange;
  /** The parts of requests that each model has refused, by its name. */
  readonly refusals: BoundedCache<Refusals>;
}

/** The server's name in errors. */
export const OPENAI = 'The OpenAI server';
