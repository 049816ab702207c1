import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { conversation, editedQuestion, say } from '../../state/app.ts';
import { health, isDemo, nextProvider } from '../../state/server.ts';
import { Icon } from '../parts/icons.tsx';

const draft = signal('');

/** Takes the user's message. Enter sends it, Shift+Enter starts a new line, arrow up edits the last message. */
export function Composer() {
  const field = useRef<HTMLTextAreaElement>(null);
  const { phase, stop, turns } = conversation.value;
  const isRunning = phase.value === 'running';

  useLayoutEffect(() => {
    const at = field.current;
    if (at === null) return;
    at.style.height = 'auto';
    at.style.height = `${at.scrollHeight}px`;
  }, [draft.value]);

  const submit = () => {
    const text = draft.value.trim();
    if (text === '' || phase.value !== 'idle') return;
    draft.value = '';
    say(text);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the writing of a character is not meant for us.
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === 'ArrowUp' && draft.value === '' && phase.value === 'idle') {
      const last = turns.value.findLast(({ role }) => role === 'user');
      if (last === undefined) return;
      event.preventDefault();
      editedQuestion.value = last.id;
    }
  };

  return (
    <div class="composer-place">
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <textarea
          id="composer"
          ref={field}
          rows={1}
          dir="auto"
          aria-label="Message"
          placeholder="Ask anything"
          enterkeyhint="send"
          autofocus
          value={draft.value}
          onInput={(event) => {
            draft.value = event.currentTarget.value;
          }}
          onKeyDown={onKeyDown}
        />
        {isRunning ? (
          <button type="button" class="round stop" aria-label="Stop" title="Stop (Esc)" onClick={stop}>
            <Icon name="stop" />
          </button>
        ) : (
          <button
            type="submit"
            class="round"
            aria-label="Send"
            title="Send (Enter)"
            disabled={draft.value.trim() === ''}
          >
            <Icon name="send" />
          </button>
        )}
      </form>
      <p class="hint">{footnote()}</p>
    </div>
  );
}

function footnote(): string {
  if (health.value?.state === 'unreachable') return 'Not connected. Check that Toolmesh is still running (npm start).';
  if (nextProvider.value === undefined) return '';
  return isDemo.value ? 'Demo: rules answer, not a language model.' : 'Models make mistakes. Check the tool calls.';
}
