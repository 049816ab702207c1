import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { conversation } from '../../state/app.ts';
import { AnswerView } from './answer-view.tsx';
import { FailureNote } from '../parts/failure-note.tsx';
import { Icon } from '../parts/icons.tsx';
import { QuestionView } from './question-view.tsx';
import { Welcome } from './welcome.tsx';

/** The distance from the end that still counts as being there, in pixels. */
const NEAR_PX = 64;

/** Shows the conversation, and follows the answer as long as its reader is at the end. */
export function Transcript() {
  const { turns, phase, problem } = conversation.value;
  const place = useRef<HTMLElement>(null);
  const isPinned = useSignal(true);
  const last = turns.value.at(-1);

  const toEnd = () => {
    const at = place.current;
    if (at !== null) at.scrollTop = at.scrollHeight;
  };
  const look = () => {
    const at = place.current;
    if (at !== null) isPinned.value = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_PX;
  };

  // A new question is always shown, wherever its writer was.
  useLayoutEffect(() => {
    isPinned.value = true;
    toEnd();
  }, [turns.value.length]);
  useLayoutEffect(() => {
    if (isPinned.peek()) toEnd();
  }, [last]);
  // Pictures and opened cards make the transcript longer, and a keyboard makes its window shorter, after it is drawn.
  useEffect(() => {
    const inner = place.current?.firstElementChild;
    const observer = new ResizeObserver(() => {
      if (isPinned.peek()) toEnd();
    });
    if (inner !== null && inner !== undefined) observer.observe(inner);
    if (place.current !== null) observer.observe(place.current);
    return () => observer.disconnect();
  }, []);

  return (
    <section class="transcript" aria-label="Conversation" ref={place} onScroll={look} tabIndex={-1}>
      <div class="column">
        {turns.value.length === 0 && phase.value === 'idle' && problem.value === undefined && <Welcome />}
        {phase.value === 'loading' && <p class="hint">Loading…</p>}
        {problem.value !== undefined && <FailureNote failure={problem.value} />}
        {turns.value.map((turn, index) =>
          turn.role === 'user' ? (
            <QuestionView key={turn.id} question={turn} />
          ) : (
            <AnswerView key={turn.id} answer={turn} isLast={index === turns.value.length - 1} />
          ),
        )}
      </div>
      {!isPinned.value && (
        <button
          type="button"
          class="to-end"
          onClick={() => {
            isPinned.value = true;
            toEnd();
          }}
        >
          <Icon name="down" /> Latest
        </button>
      )}
    </section>
  );
}
