import { randomUUID } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { currentContext } from '@toolmesh/shared/kit/telemetry/request-context';
import type { HubClient } from '../hub-client.ts';
import { runAgent, type RunOptions } from '../run/agent-loop.ts';
import type { RunEvent, RunIdentity } from '../run/events.ts';
import { createRunRecorder } from '../run/run-recorder.ts';
import type { ChatMetrics } from '../telemetry/chat-metrics.ts';
import { traceRun } from '../telemetry/chat-spans.ts';
import { withProgramTools } from '../policy/program-tools.ts';
import { chooseRunTools, createListSearch, type ListSearch } from './find-tools.ts';
import type { ChatDependencies, ChatOrder, StartedOrder, ToolChoice } from './chat-order.ts';
import { hasPrograms } from './code-sessions.ts';
import { keptFiles } from '../run/turns.ts';
import { openConversation } from './conversation.ts';
import { newBoundary, runOptions } from './run-options.ts';
import { openTranscript, type Transcript } from './transcript.ts';

export interface Chat {
  readonly identity: RunIdentity;
  readonly events: AsyncIterable<RunEvent>;
}

/**
 * Runs a chat and hands its events to `consume`, which reads them to their end and returns what becomes of them.
 * @throws MeshError when the provider cannot be used or too many chats are under way
 */
export type RunChat = <T>(order: ChatOrder, consume: (chat: Chat) => Promise<T>) => Promise<T>;

/** Makes the use case of this service: one message in, one run of the agent loop out. */
export function createChat(dependencies: ChatDependencies): RunChat {
  const { config, hub, runs, sessions } = dependencies;
  const search = createListSearch();

  return async (order, consume) => {
    if (runs.count >= config.CHAT_MAX_RUNS) {
      throw new MeshError('unavailable', `${runs.count} chats are under way already`);
    }
    const sessionId = order.sessionId ?? randomUUID();
    const runId = `run_${randomUUID()}`;
    const run = runs.start({ runId, sessionId, caller: order.signal });
    let leaveSession = () => {};
    try {
      if (order.isSession) leaveSession = await sessions.enter(sessionId, run.signal);
      const chat = await startRun(dependencies, { ...order, sessionId, runId, signal: run.signal }, search);
      return await traceRun(chat.identity, () => consume(chat));
    } finally {
      leaveSession();
      run.end();
      // Nobody can continue it.
      if (!order.isSession) void hub.conversation(sessionId).end();
    }
  };
}

const SESSION_NOTE =
  ' What a program of execute_code leaves, variables and files, is there for the next one of this conversation in the same language.';

async function startRun(dependencies: ChatDependencies, order: StartedOrder, search: ListSearch): Promise<Chat> {
  const { metrics, hub, sessions, openModel } = dependencies;
  const { sessionId, runId, isSession } = order;
  const stored = isSession ? sessions.read(sessionId) : undefined;
  const opened = openConversation(order.input, stored, sessionId);
  const boundary = newBoundary();
  const [model, { tools: listed, note }] = await Promise.all([openModel(order, boundary), listTools(hub)]);
  const { config, permissionOf, codeSessions } = dependencies;
  const conversation = { ...opened, turns: await dependencies.keepFiles(opened.turns, hasPrograms(listed)) };
  search.follow(listed);
  const tools = selectTools(listed, order.tools);
  const chosen = await chooseRunTools({
    search,
    tools,
    callTool: codeSessions.within(
      withProgramTools(hub.conversation(sessionId).callTool, { listed, tools, permissionOf }),
      { id: isSession ? sessionId : undefined, tools: listed, files: keptFiles(conversation.turns) },
    ),
    permissionOf,
    model,
    externalTools: order.externalTools ?? [],
    choice: order.tools,
    maxTools: config.CHAT_MAX_TOOLS,
    signal: order.signal,
  });

  const { provider, name } = model;
  const messageId = conversation.answer?.id ?? `msg_${randomUUID()}`;
  const transcript = isSession
    ? openTranscript(sessions, { order, conversation, stored, messageId, model })
    : undefined;
  // Stored while the model thinks, so that its first word does not wait for the disk.
  setImmediate(() => transcript?.saveInput());
  const options = runOptions(dependencies, order, {
    ...chosen,
    model,
    note: note + chosen.note + (isSession && hasPrograms(listed) ? SESSION_NOTE : ''),
    boundary,
    conversation,
  });
  const traceId = currentContext()?.trace.traceId ?? '';
  return {
    identity: {
      session_id: sessionId,
      run_id: runId,
      message_id: messageId,
      provider,
      model: name,
      trace_id: traceId,
    },
    events: observeRun(options, metrics, transcript),
  };
}

/** Runs the agent loop; its events are counted and recorded on their way, and its outcome is saved however it ends. */
async function* observeRun(
  options: RunOptions,
  metrics: ChatMetrics,
  transcript: Transcript | undefined,
): AsyncGenerator<RunEvent> {
  const knownTools = new Set(options.tools.map(({ name }) => name));
  const recorder = createRunRecorder();
  const countEnd = metrics.startRun();
  let notKept: string | undefined;
  try {
    for await (const event of runAgent(options)) {
      recorder.add(event);
      metrics.countEvent(event, knownTools);
      // Held back until the answer is saved: a caller who has read the end finds the answer in the session.
      if (event.type === 'finish') break;
      yield event;
    }
  } finally {
    const record = recorder.record();
    countEnd(record.finishReason);
    notKept = transcript?.saveAnswer(record);
  }
  const { finishReason: reason, failure } = recorder.record();
  if (notKept !== undefined) {
    yield { type: 'notice', code: 'not_kept', message: `This conversation could not be kept: ${notKept}` };
  }
  yield { type: 'finish', reason, ...(failure === undefined ? {} : { error: failure }) };
}

/**
 * Lists the hub's tools. When the hub is out of reach the model still answers, and gets the reason why it has no tools.
 */
async function listTools(hub: HubClient): Promise<{ readonly tools: readonly Tool[]; readonly note: string }> {
  try {
    return { tools: await hub.listTools(), note: '' };
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return { tools: [], note: ` At present there are no tools: ${error.message}.` };
  }
}

const selectTools = (tools: readonly Tool[], { include, exclude = [] }: ToolChoice): readonly Tool[] =>
  tools.filter(({ name }) => (include === undefined || include.includes(name)) && !exclude.includes(name));
