import type { MiddlewareConfig } from '../config.ts';
import type { Clocks } from './exchange.ts';

/** Returns the time limits for requests to any provider, as they are configured. */
export const clocksOf = (config: MiddlewareConfig): Clocks => ({
  connectMs: config.LLM_CONNECT_TIMEOUT_MS,
  idleMs: config.LLM_IDLE_TIMEOUT_MS,
  totalMs: config.LLM_TIMEOUT_MS,
});
