import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import { z } from 'zod';
import { ConversationId, type Conversations, LOCAL } from '../conversations.ts';

/** `DELETE /conversations/{id}`: ends a conversation. Says nothing of whether there was one. */
export const conversationRoute = (conversations: Conversations): Route =>
  defineRoute({
    method: 'delete',
    path: '/conversations/:id',
    summary: 'Ends a conversation, with what servers keep for it',
    input: { params: z.object({ id: ConversationId }) },
    handle: ({ params: { id }, res }) => {
      conversations.end({ id, principal: LOCAL });
      res.status(204).end();
      return undefined;
    },
  });
