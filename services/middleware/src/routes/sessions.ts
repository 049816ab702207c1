import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { Session, SessionList } from '@toolmesh/shared/contracts/sessions';
import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import { z } from 'zod';
import type { ActiveRuns } from '../chat/active-runs.ts';
import type { HubClient } from '../hub-client.ts';
import type { Turn } from '../run/turns.ts';
import { exportMarkdown } from '../encoders/session-markdown.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { viewSession, viewSessions } from '../encoders/session-view.ts';
import { SessionId } from '../decoders/chat-request.ts';

const Params = z.object({ id: SessionId });

export interface SessionRouteParts {
  readonly sessions: Sessions;
  readonly runs: ActiveRuns;
  readonly hub: Pick<HubClient, 'conversation'>;
  /** Ends what the programs of a conversation have kept. */
  readonly endCode: (sessionId: string) => void;
}

/** The stored conversations: list, read, delete, export. */
export function sessionRoutes({ sessions, runs, hub, endCode }: SessionRouteParts): readonly Route[] {
  const find = (id: string): readonly Turn[] => {
    const turns = sessions.read(id);
    if (turns !== undefined) return turns;
    const reason = sessions.isOn ? `There is no session ${id}` : 'Sessions are turned off: CHAT_SESSIONS is off';
    throw new MeshError('not_found', reason);
  };
  return [
    defineRoute({
      method: 'get',
      path: '/sessions',
      summary: 'The stored conversations, the latest first',
      response: SessionList,
      handle: () => viewSessions(sessions.list()),
    }),
    defineRoute({
      method: 'get',
      path: '/sessions/:id',
      summary: 'The messages of a conversation, with tool calls and their results',
      input: { params: Params },
      response: Session,
      handle: ({ params: { id } }) => viewSession(id, find(id)),
    }),
    defineRoute({
      method: 'delete',
      path: '/sessions/:id',
      summary: 'Deletes a conversation, and ends its runs',
      input: { params: Params },
      handle: async ({ params: { id }, signal, res }) => {
        find(id);
        runs.cancelSession(id);
        const leave = await sessions.enter(id, signal);
        sessions.remove(id);
        leave();
        void hub.conversation(id).end();
        endCode(id);
        res.status(204).end();
        return undefined;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/sessions/:id/export',
      summary: 'A conversation as a file',
      input: { params: Params, query: z.object({ format: z.enum(['json', 'markdown']).default('json') }) },
      handle: ({ params: { id }, query: { format }, res }) => {
        const turns = find(id);
        const extension = format === 'json' ? 'json' : 'md';
        res.attachment(`chat-${id}.${extension}`);
        if (format === 'json') return viewSession(id, turns);
        const title = sessions.list().find((session) => session.id === id)?.title ?? '';
        res.type('text/markdown; charset=utf-8').send(exportMarkdown(title, turns));
        return undefined;
      },
    }),
  ];
}
