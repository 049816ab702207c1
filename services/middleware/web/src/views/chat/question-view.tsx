import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Question } from '../../answer/turn.ts';
import { conversation, editedQuestion } from '../../state/app.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { IconButton } from '../parts/icons.tsx';
import { MarkdownView } from './markdown-view.tsx';

/** Shows a message of the user, which can be edited: the chat then goes on from there. */
export function QuestionView({ question }: { readonly question: Question }) {
  const isEdited = editedQuestion.value === question.id;
  return (
    <article class="question" aria-label="You">
      {isEdited ? (
        <QuestionEditor question={question} />
      ) : (
        <>
          <div class="bubble">
            <MarkdownView text={question.text} isStreaming={false} />
          </div>
          <div class="actions">
            <CopyButton what="message" text={() => question.text} />
            <IconButton
              icon="edit"
              label="Edit and ask again"
              onClick={() => {
                editedQuestion.value = question.id;
              }}
            />
          </div>
        </>
      )}
    </article>
  );
}

function QuestionEditor({ question: { id, text } }: { readonly question: Question }) {
  const draft = useSignal(text);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);
  const leave = () => {
    editedQuestion.value = undefined;
    document.querySelector<HTMLElement>('#composer')?.focus();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (draft.value.trim() === '') return;
    leave();
    conversation.value.edit(id, draft.value.trim());
  };
  return (
    <form class="question-editor" onSubmit={submit}>
      <textarea
        ref={field}
        aria-label="Your message"
        rows={Math.min(12, draft.value.split('\n').length + 1)}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            leave();
          } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
        }}
      />
      <p class="hint">The new answer replaces everything after this message.</p>
      <div class="buttons">
        <button type="button" onClick={leave}>
          Cancel
        </button>
        <button type="submit" class="primary">
          Ask again
        </button>
      </div>
    </form>
  );
}
