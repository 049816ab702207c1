import { useEffect, useRef } from 'preact/hooks';
import { nextAnnouncement } from '../../answer/next-announcement.ts';
import { callsOf, spokenText } from '../../answer/turn.ts';
import { announce, announcement } from '../../state/announcements.ts';
import { conversation } from '../../state/app.ts';

/** The shortest pause between two announcements: a screen reader must not drown in them. */
const EVERY_MS = 2_500;

/** Announces to screen readers, in whole sentences, the answer, the tools that run and the pending approvals. */
export function Announcer() {
  const said = useRef({ id: '', upTo: 0, states: '' });

  useEffect(() => {
    const tell = () => {
      const answer = conversation.value.turns.peek().at(-1);
      if (answer?.role !== 'assistant') return;
      const isNew = said.current.id !== answer.id;
      // What was there when the page was opened is read by moving to it.
      if (isNew && answer.status !== 'streaming') return;
      const { upTo, states } = isNew ? { upTo: 0, states: '' } : said.current;
      const isComplete = answer.status !== 'streaming';
      const next = nextAnnouncement(spokenText(answer), upTo, isComplete);
      const calls = callsOf(answer)
        .map(({ name, state }) => `${name} ${STATE_WORDS[state] ?? state}.`)
        .join(' ');
      said.current = { id: answer.id, upTo: next.upTo, states: calls };
      const words = [calls === states ? '' : calls, next.text].filter((text) => text !== '').join(' ');
      if (words !== '') announce(words);
    };
    const timer = setInterval(tell, EVERY_MS);
    return () => clearInterval(timer);
  }, []);

  return (
    <div class="offscreen" role="status" aria-live="polite">
      {announcement}
    </div>
  );
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  preparing: 'is being prepared',
  running: 'is running',
  waiting: 'needs your approval',
  ok: 'has finished',
  error: 'failed',
};
