import { ToolAnnotations } from '@toolmesh/shared/contracts/tool';
import { z } from 'zod';

/** A number, also as the text that a variable gives. */
const number = (schema: z.ZodInt) =>
  z.preprocess((value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value), schema);

const milliseconds = number(z.int().min(1));

/** An address that the hub sends requests to. */
export const HttpUrl = z
  .string()
  .trim()
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }));

/** Timeouts of a single tool. */
const ToolTimeouts = z.strictObject({
  timeout_ms: milliseconds.optional(),
  total_timeout_ms: milliseconds.optional(),
});

/** Another name, and other texts and hints, for a tool. */
const ToolOverride = z.strictObject({
  /** The name that the hub offers, without `prefix`. */
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 of A-Z, a-z, 0-9, _ and -')
    .optional(),
  title: z.string().min(1).max(256).optional(),
  description: z.string().min(1).max(16_384).optional(),
  /** Replace those of the server, one by one. */
  annotations: ToolAnnotations.partial().optional(),
});

/** Keys of upstreams of every kind. */
export const CommonKeys = {
  /** Leaves the upstream out but keeps its entry. */
  disabled: z.boolean().default(false),
  /** The hub is ready only while this upstream is up. Else it is ready without it, and says that it is degraded. */
  required: z.boolean().default(false),
  /** For its readers. */
  description: z.string().optional(),
  /** Prefix of the names of its tools and prompts; what names may not hold becomes `_`. */
  prefix: z
    .string()
    .max(48)
    .transform((prefix) => prefix.replaceAll(/[^A-Za-z0-9_-]/g, '_'))
    .optional(),
  /** The only tools to offer, by the upstream's own names; `*` stands for any characters. Also `tag:`, `method:`, `path:`. */
  include: z.array(z.string()).optional(),
  /** Tools not to offer, in the same way. */
  exclude: z.array(z.string()).optional(),
  /** Other names, texts and hints for tools, by the upstream's own names. */
  overrides: z.record(z.string(), ToolOverride).optional(),
  /** Its names give way to the same names of other upstreams. */
  fallback: z.boolean().optional(),
  /** Idle timeout of a call, in milliseconds. Default: MCP_REQUEST_TIMEOUT. */
  timeout_ms: milliseconds.optional(),
  /** Total timeout of a call, whatever its progress. Default: an hour. */
  total_timeout_ms: milliseconds.optional(),
  /** Time limit to connect, or to start. */
  connect_timeout_ms: milliseconds.optional(),
  /** Time between two requests for its lists, in milliseconds. Default: 5 minutes if it announces changes, else one. */
  list_interval_ms: z.int().min(1_000).max(86_400_000).optional(),
  /** Timeouts of single tools, by the upstream's own names. */
  tools: z.record(z.string(), ToolTimeouts).default({}),
  /** Calls at the same time; as many again may wait, further ones are turned away. */
  max_concurrency: number(z.int().min(1).max(10_000)).default(256),
  /** Sent with each HTTP request; headers with an empty value are left out. */
  headers: z
    .record(z.string(), z.string())
    .default({})
    .transform((headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))),
};
