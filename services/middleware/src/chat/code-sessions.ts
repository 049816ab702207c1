import { createHmac } from 'node:crypto';
import { EXECUTE_CODE } from '@toolmesh/shared/contracts/execution';
import { INSTALL_PACKAGE_TOOL } from '@toolmesh/shared/contracts/packages';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { FileClient } from '../file-client.ts';
import type { CallTool } from '../run/calls/run-call.ts';
import type { KeptTurnFile } from '../run/turns.ts';

/** The sessions of the sandbox that conversations have: a variable of one answer is there in the next. */
export interface CodeSessions {
  /** Returns `callTool` for the calls of one conversation. */
  within(callTool: CallTool, conversation: CodeConversation): CallTool;
  /** Returns the ids of a conversation's sessions so far, and forgets them. */
  forget(conversation: string): readonly string[];
}

export interface CodeConversation {
  /** Its id; undefined where nobody can continue it, so that each program is on its own. */
  readonly id: string | undefined;
  /** The tools of the run. */
  readonly tools: readonly Tool[];
  /** Files for the programs. */
  readonly files: readonly KeptTurnFile[];
}

/** A session of a conversation: programs of one language share it. */
interface CodeSession {
  /** Ids of the files that it has. */
  readonly delivered: Set<string>;
  /** True while a program runs in it. */
  isBusy: boolean;
}

type CallProgram = (args: Record<string, unknown>) => ReturnType<CallTool>;

const MAX_CONVERSATIONS = 10_000;

/** Returns the name of a tool at the server that it is of. */
const ownName = ({ name, original_name }: Tool): string => original_name ?? name;

/** Tells whether one of the tools runs programs. */
export const hasPrograms = (tools: readonly Tool[]): boolean => tools.some((tool) => ownName(tool) === EXECUTE_CODE);

export interface CodeSessionsOptions {
  /** With it nobody else can tell the sandbox's id of a conversation. */
  readonly key: Buffer;
  readonly describeFile: FileClient['describe'];
}

export function createCodeSessions({ key, describeFile }: CodeSessionsOptions): CodeSessions {
  /** Leaves out what has expired: a call that names it would be refused. */
  const stillKept = async (files: readonly KeptTurnFile[]): Promise<readonly KeptTurnFile[]> => {
    const found = await Promise.all(files.map(({ fileId }) => describeFile(fileId).catch(() => undefined)));
    return files.filter((_, i) => found[i] !== undefined);
  };
  const byConversation = new Map<string, Map<string, CodeSession>>();

  const sessionOf = (conversation: string, args: Record<string, unknown>) => {
    // A model may tell sessions apart, and yet never reaches one that is not of its conversation.
    const parts = JSON.stringify([conversation, familyOf(args), args['session_id'] ?? null]);
    const id = createHmac('sha256', key).update(parts).digest('base64url');
    const sessions = byConversation.get(conversation) ?? new Map<string, CodeSession>();
    byConversation.delete(conversation);
    byConversation.set(conversation, sessions);
    const [oldest] = byConversation.keys();
    if (byConversation.size > MAX_CONVERSATIONS && oldest !== undefined) byConversation.delete(oldest);
    const session = sessions.get(id) ?? newSession();
    sessions.set(id, session);
    return { id, session };
  };

  return {
    within: (callTool, { id: conversation, tools, files }) => {
      const kindOf = new Map(tools.map((tool) => [tool.name, ownName(tool)]));
      const run = async (args: Record<string, unknown>, session: CodeSession, call: CallProgram) => {
        const missing = await stillKept(files.filter(({ fileId }) => !session.delivered.has(fileId)));
        const result = await call(withFiles(args, missing));
        if (endedWell(result.structured_content)) for (const { fileId } of missing) session.delivered.add(fileId);
        else session.delivered.clear();
        return result;
      };
      return async (name, args, context) => {
        const kind = kindOf.get(name);
        if (!isRecord(args) || (kind !== EXECUTE_CODE && kind !== INSTALL_PACKAGE_TOOL.name)) {
          return callTool(name, args, context);
        }
        const own = conversation === undefined ? undefined : sessionOf(conversation, args);
        if (kind !== EXECUTE_CODE) return callTool(name, withId(args, own?.id), context);
        const call = (given: Record<string, unknown>) => callTool(name, given, context);
        if (own === undefined || isTaken(own.session, args)) return run(args, newSession(), call);
        own.session.isBusy = true;
        return run(withId(args, own.id), own.session, call).finally(() => {
          own.session.isBusy = false;
        });
      };
    },
    forget(conversation) {
      const sessions = byConversation.get(conversation);
      byConversation.delete(conversation);
      return [...(sessions?.keys() ?? [])];
    },
  };
}

const newSession = (): CodeSession => ({ delivered: new Set(), isBusy: false });

/** Programs of one step run at the same time: all but the first are on their own, unless the model names a session. */
const isTaken = (session: CodeSession, args: Record<string, unknown>): boolean =>
  session.isBusy && args['session_id'] === undefined;

const withId = (args: Record<string, unknown>, id: string | undefined): Record<string, unknown> =>
  id === undefined ? args : { ...args, session_id: id };

/** Returns the languages that share a session, by the first of them. */
function familyOf({ language = 'python', ecosystem }: Record<string, unknown>): unknown {
  if (ecosystem !== undefined) return ecosystem === 'npm' ? 'javascript' : 'python';
  return language === 'typescript' ? 'javascript' : language;
}

/** Adds files to the arguments of a call, but for those whose place the model itself gives to another one. */
function withFiles(args: Record<string, unknown>, files: readonly KeptTurnFile[]): Record<string, unknown> {
  const own = Array.isArray(args['files']) ? args['files'] : [];
  const taken = new Set(own.map((file: unknown) => (isRecord(file) ? file['path'] : undefined)));
  const added = files.filter(({ path }) => !taken.has(path)).map(({ path, fileId }) => ({ path, file_id: fileId }));
  return added.length === 0 ? args : { ...args, files: [...own, ...added] };
}

/** Tells whether a session has what it was given: after a program that was stopped it may have begun anew. */
const endedWell = (result: unknown): boolean =>
  isRecord(result) && (result['status'] === 'success' || result['status'] === 'error');
