import { useSignal } from '@preact/signals';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { isRawNumber } from '@toolmesh/shared/kit/json/raw-number';
import { numberOf, objectOf, prettyJson, textOf } from '../../api/json.ts';
import { readToolOutput } from '../../answer/tool-output.ts';
import type { CallPart, CallState } from '../../answer/turn.ts';
import { duration } from '../parts/amounts.ts';
import { ApprovalCard } from './approval-card.tsx';
import { ArgumentsView } from './arguments-view.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Elapsed } from '../chat/elapsed.tsx';
import { Icon, type IconName } from '../parts/icons.tsx';
import { OutputFacts, OutputImages, OutputView } from './output-view.tsx';

const STATES: Readonly<Record<CallState, { readonly word: string; readonly icon?: IconName }>> = {
  preparing: { word: 'Preparing' },
  running: { word: 'Running' },
  waiting: { word: 'Needs your approval', icon: 'hand' },
  ok: { word: 'Done', icon: 'check' },
  error: { word: 'Failed', icon: 'cross' },
  denied: { word: 'Denied', icon: 'cross' },
  timeout: { word: 'Timed out', icon: 'cross' },
  skipped: { word: 'Skipped', icon: 'cross' },
  stopped: { word: 'Stopped', icon: 'stop' },
};

/** Shows one tool call, from its first argument to its result. Images are always visible, the rest on demand. */
export function ToolCard({ call }: { readonly call: CallPart }) {
  const opened = useSignal<boolean | undefined>(undefined);
  const { name, state, input, inputText } = call;
  const output = readToolOutput(call.output);
  // Until somebody says otherwise: open while there is something to watch, or to see to.
  const isOpen = opened.value ?? (state === 'error' || (state === 'running' && call.liveOutput !== ''));
  const { word, icon } = STATES[state];
  if (state === 'waiting' && call.approval !== undefined) return <ApprovalCard call={call} approval={call.approval} />;
  return (
    <section class="tool-card" data-state={state} aria-label={`Tool ${name}: ${word}`}>
      <div class="tool-head">
        <button
          type="button"
          class="tool-toggle"
          aria-expanded={isOpen}
          onClick={() => {
            opened.value = !isOpen;
          }}
        >
          <span class="tool-state" title={word}>
            {icon === undefined ? <span class="spinner" /> : <Icon name={icon} />}
          </span>
          <span class="tool-name">{name}</span>
          <span class="tool-summary">{summaryOf(input, inputText)}</span>
          <span class="tool-word">{state === 'running' ? (call.progress ?? word) : state === 'ok' ? '' : word}</span>
          <Time call={call} />
          <span class="chevron">
            <Icon name="chevron" />
          </span>
        </button>
      </div>
      <OutputImages images={output.images} />
      {isOpen && (
        <div class="tool-body">
          <ArgumentsView input={input} inputText={inputText} />
          {call.output === undefined && call.liveOutput !== '' && <LiveOutput text={call.liveOutput} />}
          {call.errorText !== undefined && <p class="tool-error">{call.errorText}</p>}
          {call.approval?.decision?.reason !== undefined && <p class="muted">You: {call.approval.decision.reason}</p>}
          <OutputView output={output} />
          <div class="tool-foot">
            <OutputFacts facts={output.facts} />
            <CopyButton what="call as curl" isNamed text={() => asCurl(name, input ?? parseJson(inputText))} />
          </div>
        </div>
      )}
    </section>
  );
}

/** Shows a clock while the call runs, then the time that the server measured, or else the page. */
function Time({ call: { state, startedAt, endedAt, output, tookMs: reported } }: { readonly call: CallPart }) {
  if (startedAt !== undefined && (state === 'running' || state === 'preparing'))
    return <Elapsed since={startedAt} fromMs={1_000} />;
  const seen = startedAt === undefined || endedAt === undefined ? 0 : endedAt - startedAt;
  const tookMs = reported ?? numberOf(objectOf(output)['duration_ms']) ?? seen;
  return <span class="elapsed">{tookMs < 1 ? '' : duration(tookMs)}</span>;
}

const LiveOutput = ({ text }: { readonly text: string }) => (
  <div class="output">
    <h4>Output so far</h4>
    <pre class="live" dir="ltr" tabIndex={0}>
      {text}
    </pre>
  </div>
);

/** Returns the first words of the arguments, on one line. */
function summaryOf(input: unknown, inputText: string): string {
  const values = Object.values(objectOf(input));
  const telling =
    textOf(objectOf(input)['code']) ??
    values.find((value) => typeof value === 'string' || typeof value === 'number' || isRawNumber(value));
  return prettyJson(telling ?? inputText)
    .replaceAll(/\s+/g, ' ')
    .slice(0, 120);
}

/** Returns the same call as a command for a terminal. */
function asCurl(name: string, input: unknown): string {
  const body = JSON.stringify({ name, parameters: input ?? {} }).replaceAll("'", String.raw`'\''`);
  return `curl -s ${location.origin}/execute -H 'content-type: application/json' -d '${body}'`;
}
