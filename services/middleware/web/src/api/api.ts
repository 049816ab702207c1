import { ApiError } from './failures.ts';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { type JsonObject, listOf, objectOf, textOf } from './json.ts';
import { readEvents } from './read-events.ts';
import { send } from './send.ts';

const getJson = async (path: string): Promise<JsonObject> => objectOf(await (await send(path)).json());

/** What `/chat` is asked; see the contract, section 3. */
export interface ChatRequest {
  readonly session_id: string;
  readonly message?: string;
  readonly messages?: readonly JsonObject[];
  readonly approvals?: readonly JsonObject[];
  readonly provider?: string;
  readonly model?: string;
  readonly tools?: { readonly exclude: readonly string[] };
}

/** Asks, and yields the events of the answer as they come. @throws ApiError when there is none. */
export async function* streamChat(request: ChatRequest, stop: AbortSignal): AsyncGenerator<unknown, void> {
  const response = await send('/chat', { method: 'POST', body: { ...request, stream: true }, signal: stop });
  if (response.body !== null) yield* readEvents(response.body);
}

/** Ends a run on the server, with all that it has started. That it has ended already is as well. */
export function cancelRun(runId: string): void {
  send(`/runs/${encodeURIComponent(runId)}/cancel`, { method: 'POST' }).catch(() => {});
}

/** A kept conversation as the list has it; the time in milliseconds since 1970. */
export interface SessionEntry {
  readonly id: string;
  readonly title: string;
  readonly updatedAt: number;
}

/** The next message waits for the list, where the conversation is new. */
const LIST_TIMEOUT_MS = 5_000;

export async function listSessions(): Promise<readonly SessionEntry[]> {
  const response = await send('/sessions', { signal: AbortSignal.timeout(LIST_TIMEOUT_MS) });
  const { sessions } = objectOf(await response.json());
  return listOf(sessions).flatMap((value) => {
    const entry = objectOf(value);
    const id = textOf(entry['session_id']);
    if (id === undefined) return [];
    const updatedAt = Date.parse(textOf(entry['updated_at']) ?? '');
    return [
      {
        id,
        title: plainTitle(textOf(entry['title']) ?? '') || 'Untitled',
        updatedAt: Number.isNaN(updatedAt) ? 0 : updatedAt,
      },
    ];
  });
}

/** Returns a text as a title on one line, without the marks of code: titles are the beginnings of messages. */
export const plainTitle = (text: string): string =>
  text
    .replaceAll(/```\w*|`/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();

const sessionPath = (id: string): string => `/sessions/${encodeURIComponent(id)}`;

export const getSession = (id: string): Promise<JsonObject> => getJson(sessionPath(id));

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
  readonly status: string;
  /** It says of itself that it changes nothing, or that it may destroy something. */
  readonly nature: 'reads' | 'destructive' | undefined;
}

export async function listTools(): Promise<readonly ToolEntry[]> {
  const { tools } = await getJson('/tools');
  return listOf(tools).filter(isRecord).map(readTool);
}

function readTool(tool: JsonObject): ToolEntry {
  const { readOnlyHint, destructiveHint } = objectOf(tool['annotations']);
  return {
    name: textOf(tool['name']) ?? '',
    description: textOf(tool['description']) ?? '',
    inputSchema: objectOf(tool['input_schema']),
    server: textOf(tool['server']) ?? 'other',
    status: textOf(tool['status']) ?? 'up',
    nature: readOnlyHint === true ? 'reads' : destructiveHint === true ? 'destructive' : undefined,
  };
}

/** Calls one tool without a model; the answer is its `ToolResult`. */
export async function executeTool(
  call: { readonly name: string; readonly parameters: JsonObject; readonly approval?: string },
  stop: AbortSignal,
): Promise<JsonObject> {
  const response = await send('/execute', { method: 'POST', body: call, signal: stop });
  return objectOf(await response.json());
}

/** A model to choose; `provider` where the server says whose it is. */
export interface ModelEntry {
  readonly id: string;
  readonly provider: string | undefined;
}

/** The name that stands for the server's own choice, which the page offers anyway. */
const DEFAULT_MODEL = 'toolmesh';

export async function listModels(): Promise<readonly ModelEntry[]> {
  const { data } = await getJson('/v1/models');
  return listOf(data).flatMap((value) => {
    const model = objectOf(value);
    const id = textOf(model['id']);
    return id === undefined || id === DEFAULT_MODEL ? [] : [{ id, provider: textOf(model['owned_by']) }];
  });
}

/** How the server is, and which model answers when none is chosen. */
export interface Health {
  readonly state: 'healthy' | 'degraded' | 'unreachable';
  /** What is not well, one line each. */
  readonly troubles: readonly string[];
  readonly provider: string | undefined;
  readonly reason: string | undefined;
}

/** Never rejects: a server that does not answer is a state, too. */
export async function getHealth(): Promise<Health> {
  try {
    const response = await fetch('/health', { signal: AbortSignal.timeout(8_000) });
    if (!response.ok) throw new ApiError(response.status, '', '');
    return readHealth(objectOf(await response.json()));
  } catch {
    return { state: 'unreachable', troubles: ['The server is not responding'], provider: undefined, reason: undefined };
  }
}

function readHealth(body: JsonObject): Health {
  const services = objectOf(body['services']);
  const names: readonly (readonly [string, string])[] = [
    ['mcp_server', 'Tools'],
    ['llm', 'Model'],
  ];
  const troubles = names.flatMap(([key, name]) => {
    const { status, detail } = objectOf(services[key]);
    return status === undefined || status === 'healthy' ? [] : [`${name}: ${textOf(detail) ?? 'not working'}`];
  });
  const llm = objectOf(services['llm']);
  return {
    state: body['status'] === 'healthy' ? 'healthy' : 'degraded',
    troubles,
    provider: textOf(llm['provider']),
    reason: textOf(llm['reason']),
  };
}
