import { useSignal } from '@preact/signals';
import { conversation, forget, isSidebarOpen, openConversation, startNew } from '../../state/app.ts';
import { isKept, sessions, sessionsProblem } from '../../state/sessions.ts';
import { nextTheme, theme } from '../../state/settings.ts';
import type { SessionEntry } from '../../api/api.ts';
import { ago } from '../parts/amounts.ts';
import { CloseButton } from '../parts/close-button.tsx';
import { Icon, IconButton } from '../parts/icons.tsx';
import { matches, SearchField } from '../parts/search-field.tsx';

const THEMES = {
  system: { icon: 'screen', label: 'Theme: system' },
  light: { icon: 'sun', label: 'Theme: light' },
  dark: { icon: 'moon', label: 'Theme: dark' },
} as const;

export function Sidebar() {
  const query = useSignal('');
  const shown = sessions.value.filter(({ title }) => matches(title, query.value));
  return (
    <nav class="sidebar" aria-label="Chats">
      <div class="brand">
        <Logo />
        <span>Toolmesh</span>
        <CloseButton label="Close chats" class="only-narrow" isOpen={isSidebarOpen} />
      </div>
      <button type="button" class="new-chat" onClick={startNew}>
        <Icon name="plus" /> New chat <kbd class="not-narrow">{SHORTCUT}</kbd>
      </button>
      {isKept.value && sessions.value.length > 0 && <SearchField label="Search chats" query={query} />}
      <ul class="sessions">
        {shown.map((session) => (
          <SessionRow key={session.id} session={session} />
        ))}
      </ul>
      {query.value.trim() !== '' && shown.length === 0 && <p class="hint">No chat title matches “{query.value}”.</p>}
      {!isKept.value && <p class="hint">Chats are not saved on this server and are lost when you close the page.</p>}
      {sessionsProblem.value !== undefined && <p class="hint">{sessionsProblem.value}</p>}
      <div class="sidebar-foot">
        <IconButton {...THEMES[theme.value]} onClick={nextTheme} />
        <a href="/docs/" target="_blank" rel="noopener noreferrer">
          API
        </a>
      </div>
    </nav>
  );
}

const SHORTCUT = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘K' : 'Ctrl K';

function SessionRow({ session: { id, title, updatedAt } }: { readonly session: SessionEntry }) {
  const isAsking = useSignal(false);
  const isCurrent = conversation.value.id === id;
  if (isAsking.value) {
    return (
      <li class="session asking">
        <span>Delete this chat?</span>
        <button type="button" class="small danger" onClick={() => void forget(id)}>
          Delete
        </button>
        <button
          type="button"
          class="small"
          onClick={() => {
            isAsking.value = false;
          }}
        >
          Cancel
        </button>
      </li>
    );
  }
  return (
    <li class="session" data-current={isCurrent}>
      <button
        type="button"
        class="session-open"
        aria-current={isCurrent ? 'page' : undefined}
        onClick={() => openConversation(id)}
      >
        <span class="session-title">{title}</span>
        <small>{updatedAt === 0 ? '' : ago(updatedAt, Date.now())}</small>
      </button>
      <IconButton
        icon="trash"
        label={`Delete “${title}”`}
        class="session-delete"
        onClick={() => {
          isAsking.value = true;
        }}
      />
    </li>
  );
}

const Logo = () => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <path d="M9 10l7 6 7-6M16 16v7.500" />
    <circle cx="9" cy="10" r="3" />
    <circle cx="23" cy="10" r="3" />
    <circle cx="16" cy="24" r="3" />
    <circle cx="16" cy="16" r="2.500" />
  </svg>
);
