import { z } from 'zod';

/** The state of something that a service depends on; `detail` says what is wrong with it. */
export const DependencyHealth = z.object({
  status: z.enum(['healthy', 'unhealthy']),
  /** ISO 8601, UTC. */
  last_check: z.string(),
  detail: z.string().optional(),
});
export type DependencyHealth = z.output<typeof DependencyHealth>;

/** Fields that the middleware adds to the answer of `GET /health`. */
export const MiddlewareHealth = z.object({
  status: z.enum(['healthy', 'degraded']),
  services: z.object({
    mcp_server: DependencyHealth,
    /** `reason` says why chats use this provider. */
    llm: DependencyHealth.extend({ provider: z.string(), reason: z.string() }),
  }),
  /** Work that goes on in the background, in percent; absent when there is none, or nobody can be asked. */
  preparing: z.object({ data_libraries: z.number() }).optional(),
});
export type MiddlewareHealth = z.output<typeof MiddlewareHealth>;
