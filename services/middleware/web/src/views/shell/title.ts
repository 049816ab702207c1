import type { Conversation } from '../../state/conversation.ts';
import { sessions } from '../../state/sessions.ts';

const LENGTH = 60;

/** What a conversation is called: as the server has it, else how it begins; undefined before it has. */
export function titleOf({ id, turns }: Conversation): string | undefined {
  const kept = sessions.value.find((session) => session.id === id)?.title;
  if (kept !== undefined) return kept;
  const first = turns.value.find(({ role }) => role === 'user');
  if (first?.role !== 'user') return undefined;
  const line = first.text
    .replaceAll(/```\w*|`/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length > LENGTH ? `${line.slice(0, LENGTH - 1)}…` : line;
}
