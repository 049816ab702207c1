import { useSignal } from '@preact/signals';
import { conversation, forget, isSidebarOpen, openConversation, startNew } from '../../state/app.ts';
import { isKept, sessions, sessionsProblem } from '../../state/sessions.ts';
import { nextTheme, theme } from '../../state/settings.ts';
import type { SessionEntry } from '../../api/api.ts';
import { ago } from '../parts/amounts.ts';
import { Icon, IconButton } from '../parts/icons.tsx';

const THEMES = {
  system: { icon: 'screen', label: 'Colours: as the system' },
  light: { icon: 'sun', label: 'Colours: light' },
  dark: { icon: 'moon', label: 'Colours: dark' },
} as const;

export function Sidebar() {
  const wanted = useSignal('');
  const words = wanted.value.trim().toLowerCase();
  const shown = sessions.value.filter(({ title }) => title.toLowerCase().includes(words));
  return (
    <nav class="sidebar" aria-label="Chats">
      <div class="brand">
        <Logo />
        <span>Toolmesh</span>
        <IconButton
          icon="cross"
          label="Close the list of chats"
          class="only-narrow"
          onClick={() => {
            isSidebarOpen.value = false;
          }}
        />
      </div>
      <button type="button" class="new-chat" onClick={startNew}>
        <Icon name="plus" /> New chat <kbd class="not-narrow">{SHORTCUT}</kbd>
      </button>
      {isKept.value && sessions.value.length > 0 && (
        <label class="search">
          <Icon name="search" />
          <input
            type="search"
            placeholder="Search chats"
            aria-label="Search chats"
            value={wanted.value}
            onInput={(event) => {
              wanted.value = event.currentTarget.value;
            }}
          />
        </label>
      )}
      <ul class="sessions">
        {shown.map((session) => (
          <SessionRow key={session.id} session={session} />
        ))}
      </ul>
      {words !== '' && shown.length === 0 && <p class="hint">No chat has “{wanted.value}” in its title.</p>}
      {!isKept.value && <p class="hint">This server keeps no chats: they last as long as this page.</p>}
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
          Keep
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
