import type { ApprovalDecision } from '@toolmesh/shared/contracts/chat';
import type { DependencyHealth, MiddlewareHealth } from '@toolmesh/shared/contracts/health';
import type { ModelList } from '@toolmesh/shared/contracts/models';
import type { SessionList } from '@toolmesh/shared/contracts/sessions';
import type { Tool, ToolAnnotations, ToolResult, UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import { ApiError } from './failures.ts';
import type { JsonObject } from './json.ts';
import { readEvents } from './read-events.ts';
import { send } from './send.ts';

/** The server and this page are of one build: what it sends is as the contracts say. */
async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, signal === undefined ? {} : { signal });
  return response.json();
}

/** The body of `POST /chat` (contract, section 3). */
export interface ChatRequest {
  readonly session_id: string;
  readonly message?: string;
  readonly messages?: readonly JsonObject[];
  readonly approvals?: readonly ApprovalDecision[];
  readonly provider?: string;
  readonly model?: string;
  readonly tools?: { readonly exclude: readonly string[] };
}

/** Sends a chat request and yields the events of the answer. @throws ApiError when there is no answer. */
export async function* streamChat(request: ChatRequest, stop: AbortSignal): AsyncGenerator<unknown, void> {
  const response = await send('/chat', { method: 'POST', body: { ...request, stream: true }, signal: stop });
  if (response.body !== null) yield* readEvents(response.body);
}

/** Cancels a run on the server, with all its calls. One that has ended already is fine, too. */
export function cancelRun(runId: string): void {
  send(`/runs/${encodeURIComponent(runId)}/cancel`, { method: 'POST' }).catch(() => {});
}

/** A stored conversation in the list; the time in milliseconds since 1970. */
export interface SessionEntry {
  readonly id: string;
  readonly title: string;
  readonly updatedAt: number;
}

/** The next message of a new conversation waits for the list. */
const LIST_TIMEOUT_MS = 5_000;

export async function listSessions(): Promise<readonly SessionEntry[]> {
  const { sessions } = await getJson<SessionList>('/sessions', AbortSignal.timeout(LIST_TIMEOUT_MS));
  return sessions.map(({ session_id, title, updated_at }) => ({
    id: session_id,
    title: plainTitle(title) || 'Untitled',
    updatedAt: Date.parse(updated_at) || 0,
  }));
}

/** Returns a text as a title on one line, without the marks of code: titles are the beginnings of messages. */
export const plainTitle = (text: string): string =>
  text
    .replaceAll(/```\w*|`/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();

const sessionPath = (id: string): string => `/sessions/${encodeURIComponent(id)}`;

/** Fetches a conversation. What is in it may be of an earlier version, so it is read field by field. */
export const getSession = (id: string): Promise<unknown> => getJson(sessionPath(id));

export async function deleteSession(id: string): Promise<void> {
  await send(sessionPath(id), { method: 'DELETE' });
}

/** A conversation as a file. */
export async function exportSession(id: string, format: 'markdown' | 'json'): Promise<Blob> {
  return (await send(`${sessionPath(id)}/export?format=${format}`)).blob();
}

/** A tool as the hub lists it. */
export interface ToolEntry {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly server: string;
  readonly status: UpstreamStatus;
  /** The reason why its server is not up. */
  readonly statusReason: string | undefined;
  /** From the tool's hints: it only reads, or it may destroy something. */
  readonly nature: 'reads' | 'destructive' | undefined;
}

export async function listTools(): Promise<readonly ToolEntry[]> {
  const { tools } = await getJson<{ readonly tools: readonly Tool[] }>('/tools');
  return tools.map(({ name, description, input_schema, annotations, server = 'other', status = 'up', ...rest }) => ({
    name,
    description,
    inputSchema: input_schema,
    server,
    status,
    statusReason: rest.status_reason,
    nature: natureOf(annotations),
  }));
}

function natureOf({ readOnlyHint, destructiveHint }: ToolAnnotations): ToolEntry['nature'] {
  if (readOnlyHint === true) return 'reads';
  return destructiveHint === true ? 'destructive' : undefined;
}

/** Calls one tool without a model. */
export async function executeTool(
  call: { readonly name: string; readonly parameters: JsonObject; readonly approval?: string },
  stop: AbortSignal,
): Promise<ToolResult> {
  const response = await send('/execute', { method: 'POST', body: call, signal: stop });
  return response.json();
}

/** A model to choose; `provider` where the server says whose it is. */
export interface ModelEntry {
  readonly id: string;
  readonly provider: string | undefined;
}

/** The name that stands for the server's own choice, which the page offers anyway. */
const DEFAULT_MODEL = 'toolmesh';

export async function listModels(): Promise<readonly ModelEntry[]> {
  const { data } = await getJson<ModelList>('/v1/models');
  return data.flatMap(({ id, owned_by }) => (id === DEFAULT_MODEL ? [] : [{ id, provider: owned_by }]));
}

/** The state of the server, and the model that answers when none is chosen. */
export interface Health {
  readonly state: MiddlewareHealth['status'] | 'unreachable';
  /** The problems, one line each. */
  readonly troubles: readonly string[];
  readonly provider: string | undefined;
  readonly reason: string | undefined;
  /** The percentage of the libraries for programs, while they are prepared. */
  readonly preparing?: number | undefined;
}

/** Requests the state of the server. Never rejects: a server that does not respond is a state, too. */
export async function getHealth(): Promise<Health> {
  try {
    const response = await fetch('/health', { signal: AbortSignal.timeout(8_000) });
    if (!response.ok) throw new ApiError(response.status, '', '');
    return readHealth(await response.json());
  } catch {
    return { state: 'unreachable', troubles: ['The server is not responding'], provider: undefined, reason: undefined };
  }
}

function readHealth({ status, services: { mcp_server, llm }, preparing }: MiddlewareHealth): Health {
  const troubleOf = (name: string, { status: own, detail = 'not working' }: DependencyHealth): readonly string[] =>
    own === 'healthy' ? [] : [`${name}: ${detail}`];
  return {
    state: status,
    troubles: [...troubleOf('Tools', mcp_server), ...troubleOf('Model', llm)],
    provider: llm.provider,
    reason: llm.reason,
    preparing: preparing?.data_libraries,
  };
}
