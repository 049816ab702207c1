import { signal } from '@preact/signals';
import { deleteSession, listSessions, type SessionEntry } from '../api/api.ts';
import { ApiError, explain } from '../api/failures.ts';

/** The stored conversations, the latest first. */
export const sessions = signal<readonly SessionEntry[]>([]);
/** True while the server stores conversations. One that does not is sent all of a conversation each time. */
export const isKept = signal(true);
export const sessionsProblem = signal<string | undefined>(undefined);

export async function refreshSessions(): Promise<void> {
  try {
    sessions.value = (await listSessions()).toSorted((a, b) => b.updatedAt - a.updatedAt);
    sessionsProblem.value = undefined;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) isKept.value = false;
    else sessionsProblem.value = explain(error).title;
  }
}

export const isListed = (id: string): boolean => sessions.value.some((session) => session.id === id);

/** Notes whether the server stores conversations, after one was answered: it has then listed it. */
export function noteKept(id: string): void {
  if (sessionsProblem.value === undefined) isKept.value = isListed(id);
}

/** Deletes a conversation for good. Resolves to true when it is gone. */
export async function removeSession(id: string): Promise<boolean> {
  try {
    await deleteSession(id);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) {
      sessionsProblem.value = explain(error).title;
      return false;
    }
  }
  sessions.value = sessions.value.filter((session) => session.id !== id);
  return true;
}
