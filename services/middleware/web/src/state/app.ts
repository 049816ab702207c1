import { computed, signal } from '@preact/signals';
import { type Conversation, createConversation } from './conversation.ts';
import { isKept, removeSession } from './sessions.ts';

/** Panels beside the chat; on a phone they cover it. */
export const isSidebarOpen = signal(false);
export const isToolPanelOpen = signal(false);
/** The question that is being edited, by its id. */
export const editedQuestion = signal<string | undefined>(undefined);

const conversations = new Map<string, Conversation>();
const current = signal<Conversation>(createConversation(newId()));

/** The conversation on show. */
export const conversation = computed(() => current.value);

/** The one that has not been written to has no address yet. */
const isNew = signal(true);

/** An id that nobody guesses; the platform's randomUUID is missing where the page is not served from localhost. */
function newId(): string {
  const digits = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(digits, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const addressOf = (id: string): string => `#/c/${id}`;
const idIn = (hash: string): string | undefined => /^#\/c\/([\w-]{1,64})$/.exec(hash)?.[1];

export function startNew(): void {
  if (location.hash !== '') history.pushState(null, '', location.pathname);
  show(createConversation(newId()));
  isNew.value = true;
}

export function openConversation(id: string): void {
  isSidebarOpen.value = false;
  if (idIn(location.hash) !== id) location.hash = addressOf(id);
  else followAddress();
}

/** Says something in the conversation on show, which has an address from then on. */
export function say(text: string): void {
  const { id, send } = current.value;
  if (isNew.value) {
    conversations.set(id, current.value);
    isNew.value = false;
    history.pushState(null, '', addressOf(id));
  }
  send(text);
}

/** Deletes a conversation for good, and leaves it if it is on show. */
export async function forget(id: string): Promise<void> {
  conversations.get(id)?.stop();
  if (!(await removeSession(id))) return;
  conversations.delete(id);
  if (current.value.id === id) startNew();
}

/** Shows the conversation that the address names, now and whenever it changes. */
export function watchAddress(): void {
  addEventListener('hashchange', followAddress);
  addEventListener('popstate', followAddress);
  followAddress();
}

function followAddress(): void {
  const id = idIn(location.hash);
  if (id === undefined) {
    if (!isNew.value) startNew();
    return;
  }
  if (id === current.value.id) return;
  const known = conversations.get(id);
  const opened = known ?? createConversation(id);
  conversations.set(id, opened);
  isNew.value = false;
  show(opened);
  if (known === undefined) void opened.load();
}

function show(next: Conversation): void {
  editedQuestion.value = undefined;
  // What runs goes on in the background; the rest can be had from the server again.
  for (const [id, { phase }] of conversations) {
    if (isKept.value && phase.value === 'idle' && id !== next.id) conversations.delete(id);
  }
  isSidebarOpen.value = false;
  current.value = next;
}
