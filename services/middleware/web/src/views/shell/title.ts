import { plainTitle } from '../../api/api.ts';
import type { Conversation } from '../../state/conversation.ts';
import { sessions } from '../../state/sessions.ts';

const LENGTH = 60;

/** Returns the title of a conversation: the server's, or else its first words. Undefined before there are any. */
export function titleOf({ id, turns }: Conversation): string | undefined {
  const kept = sessions.value.find((session) => session.id === id)?.title;
  if (kept !== undefined) return kept;
  const first = turns.value.find(({ role }) => role === 'user');
  if (first?.role !== 'user') return undefined;
  const line = plainTitle(first.text);
  return line.length > LENGTH ? `${line.slice(0, LENGTH - 1)}…` : line;
}
