import { readFileSync } from 'node:fs';
import { ConfigError } from '@toolmesh/shared/kit/service/config';
import { problemsOf } from '@toolmesh/shared/kit/faults/errors';
import { z } from 'zod';

const NamePart = z.string().regex(/^[A-Za-z0-9_-]{1,48}$/, '1 to 48 of A-Z, a-z, 0-9, _ and -');
const milliseconds = z.int().min(1);

/** Clocks that one tool has of its own. */
const ToolClocks = z.strictObject({
  timeout_ms: milliseconds.optional(),
  total_timeout_ms: milliseconds.optional(),
});

/** What every upstream may say, whatever its kind. */
const Common = {
  /** Left out for now, its entry kept. */
  disabled: z.boolean().default(false),
  /** What other programs that read this shape write; the key that is there says the same. */
  type: z.enum(['http', 'streamable-http', 'stdio']).optional(),
  /** Stands before the name of each of its tools and prompts. */
  prefix: NamePart.optional(),
  /** The only tools to offer, by the names that the upstream gives them. */
  include: z.array(z.string()).optional(),
  /** Tools not to offer. */
  exclude: z.array(z.string()).optional(),
  /** How long one of its calls may be silent, in milliseconds. Default: MCP_REQUEST_TIMEOUT. */
  timeout_ms: milliseconds.optional(),
  /** How long one of its calls may take, however much it says meanwhile. Default: an hour. */
  total_timeout_ms: milliseconds.optional(),
  /** How long it may take to connect, or to start. */
  connect_timeout_ms: milliseconds.optional(),
  /** Clocks of single tools, by the names that the upstream gives them. */
  tools: z.record(z.string(), ToolClocks).default({}),
  /** Calls at the same time; as many again may wait, further ones are turned away. */
  max_concurrency: z.int().min(1).max(10_000).default(256),
  /** Sent with each request over HTTP; one whose value is empty is left out. */
  headers: z
    .record(z.string(), z.string())
    .default({})
    .transform((headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))),
};

const httpUrl = z.url({ protocol: /^https?$/, error: 'an http or https URL' });

/** An MCP server over Streamable HTTP. */
const UrlUpstream = z
  .strictObject({ url: httpUrl, ...Common })
  .transform((config) => ({ kind: 'url' as const, ...config }));

/** An MCP server over standard input and output, as a pool of processes. */
const CommandUpstream = z
  .strictObject({
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
    cwd: z.string().optional(),
    /** Processes: at least and at most. Default: MIN_WORKERS and MAX_WORKERS. */
    workers: z
      .strictObject({ min: z.int().min(0).max(256).optional(), max: z.int().min(1).max(256).optional() })
      .default({}),
    ...Common,
  })
  .refine(({ workers: { min = 0, max = Infinity } }) => min <= max, { path: ['workers'], error: 'min is above max' })
  .transform((config) => ({ kind: 'command' as const, ...config }));

/** A REST service with an OpenAPI document, whose operations become tools. */
const OpenApiUpstream = z
  .strictObject({
    /** URL or path of the document. */
    openapi: z.string().min(1),
    /** Where the service is, if the document does not say so. */
    base_url: httpUrl.optional(),
    ...Common,
  })
  .transform((config) => ({ kind: 'openapi' as const, ...config }));

export type UrlConfig = z.output<typeof UrlUpstream>;
export type CommandConfig = z.output<typeof CommandUpstream>;
export type OpenApiConfig = z.output<typeof OpenApiUpstream>;
export type UpstreamConfig = UrlConfig | CommandConfig | OpenApiConfig;

const KINDS = { url: UrlUpstream, command: CommandUpstream, openapi: OpenApiUpstream } as const;

/** An upstream is of the kind whose key it has, so that its problems are told in terms of that kind alone. */
const AnyUpstream = z.record(z.string(), z.unknown()).transform((value, context): UpstreamConfig => {
  const kinds = (['url', 'command', 'openapi'] as const).filter((kind) => kind in value);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const came = kinds.length > 1 ? `both ${kinds.join(' and ')}` : 'none of them';
    context.issues.push({
      code: 'custom',
      message: `needs one of url, command and openapi; has ${came}`,
      input: value,
    });
    return z.NEVER;
  }
  const parsed = KINDS[kind].safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of problemsOf(parsed.error)) {
    context.issues.push({ code: 'custom', path: path === '' ? [] : path.split('.'), message, input: value });
  }
  return z.NEVER;
});

const MeshConfig = z.strictObject({ mcpServers: z.record(NamePart, AnyUpstream) });
export type MeshConfig = z.output<typeof MeshConfig>;

/**
 * Reads mesh.json. In its values `${NAME}` and `${NAME:-fallback}` stand for environment variables.
 * @throws ConfigError that lists every problem.
 */
export function loadMeshConfig(path: string, env: NodeJS.ProcessEnv): MeshConfig {
  const problems: string[] = [];
  const parsed = MeshConfig.safeParse(expand(parseFile(path), env, problems));
  if (!parsed.success)
    problems.push(...problemsOf(parsed.error).map((problem) => `${problem.path}: ${problem.message}`));
  if (!parsed.success || problems.length > 0) throw new ConfigError(`MESH_CONFIG: ${path}\n${problems.join('\n')}`);
  return parsed.data;
}

function parseFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError(`MESH_CONFIG: ${path} cannot be read`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`MESH_CONFIG: ${path} is not valid JSON: ${Error.isError(error) ? error.message : ''}`);
  }
}

/** Puts variables into every string of `value`; a variable that is not set and has no fallback is a problem. */
function expand(value: unknown, env: NodeJS.ProcessEnv, problems: string[]): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_text, name: string, fallback: string | undefined) => {
      const found = env[name] || fallback;
      if (found === undefined) problems.push(`\${${name}}: this variable is not set`);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item) => expand(item, env, problems));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, env, problems)]));
}
