import { type Answer, type Part, spokenText } from '../../answer/turn.ts';
import { conversation } from '../../state/app.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { FailureNote } from '../parts/failure-note.tsx';
import { IconButton } from '../parts/icons.tsx';
import { count, duration } from '../parts/amounts.ts';
import { MarkdownView } from './markdown-view.tsx';
import { ReasoningView } from './reasoning-view.tsx';
import { Elapsed } from './elapsed.tsx';
import { ToolCard } from '../tools/tool-card.tsx';

interface AnswerViewProps {
  readonly answer: Answer;
  readonly isLast: boolean;
}

/** Shows one answer: reasoning, tool calls and text in their order, then how it ended and what it cost. */
export function AnswerView({ answer, isLast }: AnswerViewProps) {
  const { parts, status, notices, failure } = answer;
  const isStreaming = status === 'streaming';
  const { retry } = conversation.value;
  return (
    <article class="answer" aria-label="Assistant" aria-busy={isStreaming}>
      {notices.map((notice) => (
        <p class="notice">{notice}</p>
      ))}
      {parts.map((part, index) => (
        <PartView part={part} isWriting={isStreaming && index === parts.length - 1} />
      ))}
      {isStreaming && <Waiting answer={answer} />}
      {status === 'stopped' && (
        <p class="ending">Stopped{spokenText(answer) === '' ? '' : '. The partial answer is kept'}.</p>
      )}
      {failure !== undefined && <FailureNote failure={failure} {...(isLast ? { onRetry: retry } : {})} />}
      {status === 'done' && parts.length === 0 && <p class="ending">The model gave no answer.</p>}
      {status === 'done' && <EarlyEnd answer={answer} isLast={isLast} />}
      {!isStreaming && <Footer answer={answer} isLast={isLast} />}
    </article>
  );
}

function PartView({ part, isWriting }: { readonly part: Part; readonly isWriting: boolean }) {
  if (part.type === 'text') return <MarkdownView text={part.text} isStreaming={isWriting} />;
  if (part.type === 'reasoning') return <ReasoningView part={part} />;
  return <ToolCard call={part} />;
}

/** Shows three dots and the time while nothing else moves. */
function Waiting({ answer: { parts, startedAt } }: { readonly answer: Answer }) {
  const last = parts.at(-1);
  const isMoving = last !== undefined && (last.type === 'text' || (last.type === 'call' && last.endedAt === undefined));
  if (isMoving) return null;
  return (
    <p class="waiting" aria-label="The answer is being written">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <Elapsed since={startedAt} fromMs={3_000} />
    </p>
  );
}

const EARLY_ENDS: Readonly<Record<string, string>> = {
  length: 'The answer reached the maximum length.',
  max_steps: 'The answer reached the maximum number of steps.',
  budget: 'The answer used up its budget.',
};

function EarlyEnd({ answer: { finishReason = '' }, isLast }: AnswerViewProps) {
  const why = Object.hasOwn(EARLY_ENDS, finishReason) ? EARLY_ENDS[finishReason] : undefined;
  if (why === undefined) return null;
  return (
    <p class="ending">
      {why}{' '}
      {isLast && (
        <button type="button" class="small" onClick={() => conversation.value.send('Please continue.')}>
          Continue
        </button>
      )}
    </p>
  );
}

function Footer({ answer, isLast }: AnswerViewProps) {
  const { provider, model, usage, startedAt, endedAt } = answer;
  const isDemo = provider === 'demo';
  return (
    <footer class="answer-foot">
      <div class="actions">
        {spokenText(answer) !== '' && <CopyButton what="answer" text={() => spokenText(answer)} />}
        {isLast && <IconButton icon="retry" label="Answer again" onClick={conversation.value.retry} />}
      </div>
      <p class="facts">
        {isDemo && <span class="demo-badge small">Demo – no language model</span>}
        {!isDemo && (model ?? provider) !== undefined && <span>{model ?? provider}</span>}
        {usage !== undefined && (
          <span title={`${count(usage.inputTokens)} input, ${count(usage.outputTokens)} output`}>
            {count(usage.totalTokens)} tokens
          </span>
        )}
        {endedAt !== undefined && <span>{duration(endedAt - startedAt)}</span>}
      </p>
    </footer>
  );
}
