import type { ReasoningPart } from '../../answer/turn.ts';
import { duration } from '../parts/amounts.ts';
import { Elapsed } from './elapsed.tsx';
import { Icon } from '../parts/icons.tsx';

/** Shows the model's reasoning, closed at first: it is not the answer. */
export function ReasoningView({ part: { text, startedAt, endedAt } }: { readonly part: ReasoningPart }) {
  const took = endedAt === undefined ? 0 : endedAt - startedAt;
  return (
    <details class="reasoning">
      <summary>
        <Icon name="bulb" />
        {endedAt === undefined ? 'Thinking' : 'Thought'}
        {endedAt === undefined ? (
          <Elapsed since={startedAt} />
        ) : (
          took >= 1_000 && <span class="elapsed">for {duration(took)}</span>
        )}
      </summary>
      <p dir="auto">{text}</p>
    </details>
  );
}
