import type { Turn, TurnCall } from '../run/turns.ts';
import { renderOutcome } from '../run/render-outcome.ts';

/** Renders a conversation as Markdown: headings, texts, and calls with their results in fences. */
export function exportMarkdown(title: string, turns: readonly Turn[]): string {
  return `${[`# ${title === '' ? 'Chat' : title}`, ...turns.flatMap(writeTurn)].join('\n\n')}\n`;
}

function writeTurn(turn: Turn): readonly string[] {
  if (turn.role === 'system') return ['## System', turn.content];
  if (turn.role === 'user') return ['## You', turn.content, ...(turn.images ?? []).map(() => '*(an image)*')];
  const parts = turn.steps.flatMap(({ text, calls }) => [...(text === '' ? [] : [text]), ...calls.map(writeCall)]);
  const by = turn.run === undefined ? '' : ` (${turn.run.provider}, ${turn.run.model})`;
  return [`## Assistant${by}`, ...parts];
}

function writeCall({ name, arguments: args, outcome }: TurnCall): string {
  const result = outcome === undefined ? 'not run' : renderOutcome(outcome.result).text;
  const status = outcome === undefined ? '' : ` - ${outcome.status}`;
  return [`**${name}**${status}`, fence(JSON.stringify(args, null, 2) ?? '', 'json'), fence(result, '')].join('\n\n');
}

/** A fence longer than any in the text, so that the text cannot end it. */
function fence(text: string, language: string): string {
  let longest = 2;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}${language}\n${text}\n${ticks}`;
}
