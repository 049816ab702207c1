import { bodyBytes, SECRET, serviceConfig } from '@toolmesh/shared/kit/service/config';
import { z } from 'zod';
import { ProviderName } from './models/provider-name.ts';
import { Permission } from './policy/permission.ts';
import { PolicyRules } from './policy/tool-policy.ts';

const milliseconds = (fallback: number) => z.coerce.number().int().min(1).default(fallback);

export const MiddlewareConfig = serviceConfig(8002, {
  MAX_BODY_BYTES: bodyBytes(16),
  MCP_SERVER_URL: z.url().default('http://localhost:8000').describe('Address of the hub.'),
  MCP_SERVER_API_KEY: z.string().optional().describe('Key of the hub. Default: `API_KEY`.').meta(SECRET),
  MCP_REQUEST_TIMEOUT: z.coerce
    .number()
    .positive()
    .default(160)
    .describe('Seconds that a tool may be silent. The hub has timeouts of its own, which end sooner.'),
  LLM_PROVIDER: z
    .enum(['auto', ...ProviderName.options])
    .default('auto')
    .describe('`openai`, `ollama`, `demo`, or `auto`: an OpenAI key, then an Ollama that answers, then the demo.'),
  LLM_TIMEOUT_MS: milliseconds(120_000).describe('How long a model may take for one answer.'),
  LLM_CONNECT_TIMEOUT_MS: milliseconds(5_000).describe('How long a model server may take to accept a connection.'),
  LLM_IDLE_TIMEOUT_MS: milliseconds(60_000).describe('How long a model may be silent once it has begun to answer.'),
  LLM_RETRIES: z.coerce
    .number()
    .int()
    .min(0)
    .max(10)
    .default(2)
    .describe('Retries when a model server fails in a way that may pass.'),
  LLM_FALLBACK: z
    .string()
    .default('')
    .transform((list) => list.split(',').map((name) => name.trim()))
    .pipe(z.array(ProviderName.or(z.literal(''))))
    .transform((names) => [...new Set(names.filter((name) => name !== ''))])
    .describe('Providers to try, in this order, when the first one cannot answer: `ollama,demo`.'),
  OPENAI_API_KEY: z.string().optional().describe('Key of OpenAI, or of the server at `OPENAI_BASE_URL`.').meta(SECRET),
  OPENAI_BASE_URL: z
    .url()
    .optional()
    .describe('Address of any server that speaks OpenAI chat completions. Default: OpenAI itself.')
    .meta(SECRET),
  OPENAI_MODEL: z.string().default('gpt-5-mini').describe('Model to ask of OpenAI.'),
  OPENAI_CONTEXT_TOKENS: z.coerce
    .number()
    .int()
    .min(512)
    .optional()
    .describe('Context window of the model in tokens. Known for the models of OpenAI itself.'),
  OLLAMA_HOST: z.url().default('http://localhost:11434').describe('Address of Ollama.'),
  OLLAMA_MODEL: z.string().optional().describe('Model to ask of Ollama. Default: the first one that it has.'),
  OLLAMA_NUM_CTX: z.coerce.number().int().min(512).default(16_384).describe('Context window that Ollama is asked for.'),
  CHAT_TIMEOUT_MS: milliseconds(300_000).describe('How long one chat may take in all.'),
  CHAT_MAX_RUNS: z.coerce.number().int().min(1).default(256).describe('Most chats that run at once.'),
  CHAT_MAX_TOOL_CALLS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(32)
    .describe('Most tool calls of one chat. Further calls are skipped.'),
  CHAT_MAX_TOOLS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(64)
    .describe(
      'Most tools that a model is shown. Of more, or more than fit its context, it finds those that it needs with `search_tools`.',
    ),
  CHAT_MAX_TOKENS: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_000_000)
    .describe('Most tokens that a model reads and writes in one chat before it has to answer.'),
  CHAT_SESSIONS: z.enum(['on', 'off']).default('on').describe('Whether conversations are saved.'),
  SANDBOX_URL: z
    .url()
    .default('http://localhost:8001')
    .describe('Address of the sandbox, which is asked how far the libraries of programs are built.'),
  CHAT_DATA_DIR: z.string().optional().describe('Folder of saved conversations. Default: `data/middleware`.'),
  CHAT_MAX_SESSIONS: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_000)
    .describe('Most conversations that are saved. The oldest are deleted.'),
  CHAT_SESSION_MESSAGES: z.coerce
    .number()
    .int()
    .min(2)
    .default(500)
    .describe('Most messages that are saved of one conversation.'),
  CHAT_SESSION_DAYS: z.coerce
    .number()
    .positive()
    .default(30)
    .describe('Days that a conversation is kept after its last message.'),
  TOOL_POLICY: PolicyRules.default([]).describe('Rules for tools, such as `install_package=ask,dangerous_*=deny`.'),
  TOOL_POLICY_DEFAULT: Permission.optional().describe(
    'Rule for all other tools: `auto`, `ask` or `deny`. Default: tools that say they are destructive ask.',
  ),
});
export type MiddlewareConfig = z.output<typeof MiddlewareConfig>;
