import { serviceConfig } from '@toolmesh/shared/kit/service/config';
import { z } from 'zod';
import { Permissions, PolicyRules } from './policy/tool-policy.ts';

export const ProviderName = z.enum(['openai', 'ollama', 'demo']);
export type ProviderName = z.output<typeof ProviderName>;

const milliseconds = (fallback: number) => z.coerce.number().int().min(1).default(fallback);

export const MiddlewareConfig = serviceConfig(8002, {
  MCP_SERVER_URL: z.url().default('http://localhost:8000'),
  /** The hub's key, where it has one of its own. */
  MCP_SERVER_API_KEY: z.string().optional(),
  /** How long a tool may be silent, in seconds. The hub has clocks of its own, which end sooner. */
  MCP_REQUEST_TIMEOUT: z.coerce.number().positive().default(160),
  LLM_PROVIDER: z.enum(['auto', ...ProviderName.options]).default('auto'),
  /** How long a model may take to answer one request. */
  LLM_TIMEOUT_MS: milliseconds(120_000),
  /** How long a model's server may take to accept a connection. */
  LLM_CONNECT_TIMEOUT_MS: milliseconds(5_000),
  /** How long a model may be silent once it has begun to answer. */
  LLM_IDLE_TIMEOUT_MS: milliseconds(60_000),
  /** Tries after the first when a model's server fails in a way that may pass. */
  LLM_RETRIES: z.coerce.number().int().min(0).max(10).default(2),
  /** Providers that answer, in this order, when the one that was asked cannot: `ollama,demo`. */
  LLM_FALLBACK: z
    .string()
    .default('')
    .transform((list) => list.split(',').map((name) => name.trim()))
    .pipe(z.array(ProviderName.or(z.literal(''))))
    .transform((names) => [...new Set(names.filter((name) => name !== ''))]),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: z.url().optional(),
  OPENAI_MODEL: z.string().default('gpt-5-mini'),
  /** How many tokens the model reads and writes at most; known for OpenAI's own models. */
  OPENAI_CONTEXT_TOKENS: z.coerce.number().int().min(512).optional(),
  OLLAMA_HOST: z.url().default('http://localhost:11434'),
  /** Default: the first model that the server has. */
  OLLAMA_MODEL: z.string().optional(),
  OLLAMA_NUM_CTX: z.coerce.number().int().min(512).default(16_384),
  /** How long one chat may take in all. */
  CHAT_TIMEOUT_MS: milliseconds(300_000),
  /** Chats at the same time; more are turned away. */
  CHAT_MAX_RUNS: z.coerce.number().int().min(1).default(256),
  /** Tool calls of one chat; further ones are not run. */
  CHAT_MAX_TOOL_CALLS: z.coerce.number().int().min(1).max(1_000).default(32),
  /** Tokens that the model may read and write in one chat before it has to answer. */
  CHAT_MAX_TOKENS: z.coerce.number().int().min(1).default(1_000_000),
  /** Whether conversations are kept, and where; default: `data/middleware`. */
  CHAT_SESSIONS: z.enum(['on', 'off']).default('on'),
  CHAT_DATA_DIR: z.string().optional(),
  CHAT_MAX_SESSIONS: z.coerce.number().int().min(1).default(1_000),
  CHAT_SESSION_MESSAGES: z.coerce.number().int().min(2).default(500),
  CHAT_SESSION_DAYS: z.coerce.number().positive().default(30),
  /** What tools may do: `install_package=ask,dangerous_*=deny`. */
  TOOL_POLICY: PolicyRules.default([]),
  /** For tools that no rule names; default: what their annotations say. */
  TOOL_POLICY_DEFAULT: Permissions.optional(),
});
export type MiddlewareConfig = z.output<typeof MiddlewareConfig>;
