import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { z } from 'zod';
import type { Message } from '../model.ts';
import type { Intent } from './intent.ts';

const HELP = `This is the demo provider: no language model, only a few rules that call the real tools. It can
- run Python, JavaScript or TypeScript: code in backticks, in a fence, or after "execute:" or "run:"
- tell the time: "what time is it in Tokyo?", "convert 09:30 from Berlin to New York", "list the time zones in Europe"
- work out sums: "what is 17 * 23?"
- do several of these in one message, at the same time.
For a real model set OPENAI_API_KEY, or start Ollama, and start Toolmesh again.`;

/** Returns the answer to a message that is longer than the rules read. Nothing of it was run. */
export const describeLimit = (chars: number, maxChars: number): string =>
  `This message has ${formatted.format(chars)} characters. The demo provider has no language model, and its rules read \
messages of up to ${formatted.format(maxChars)} characters, so nothing was run. Send a shorter message, or set up a real \
model: set OPENAI_API_KEY, or start Ollama, and start Toolmesh again.`;

const formatted = new Intl.NumberFormat('en');

type ToolMessage = Extract<Message, { role: 'tool' }>;

/** Puts the results of tools into words; without results, describes the demo provider. */
export function composeAnswer(
  intents: readonly Intent[],
  results: readonly ToolMessage[],
  offered: ReadonlySet<string>,
): string {
  if (results.length > 0) return results.map(describeResult).join('\n');
  const missing = intents.filter(({ tool }) => !offered.has(tool)).map(({ tool }) => tool);
  if (missing.length === 0) return HELP;
  return `That would take ${[...new Set(missing)].join(' and ')}, which is not available at present.`;
}

function describeResult({ name, content }: ToolMessage): string {
  if (/^Error \w+: |^The tool failed\./.test(content)) return `${name} failed: ${content}`;
  if (name === 'execute_code') return describeOutput(content);
  const time = Time.safeParse(parseJson(content));
  if (time.success) {
    const what = name === 'get_current_time' ? 'Current time' : 'Time';
    return `${what} in ${time.data.timezone}: ${time.data.time}`;
  }
  const zones = Zones.safeParse(parseJson(content));
  if (zones.success) return describeZones(zones.data.timezones);
  return `${name}: ${content}`;
}

/** `stdout:` and what a program printed; `result:` and the value of its last expression. */
function describeOutput(content: string): string {
  const text = content.replace(/^stdout:\n/, '');
  return text.includes('\n')
    ? `Code output:\n\`\`\`\n${text}\n\`\`\``
    : `Code output: ${text.replace(/^result: /, '')}`;
}

const SHOWN_ZONES = 20;

function describeZones(zones: readonly { name: string; utc_offset: string }[]): string {
  const shown = zones.slice(0, SHOWN_ZONES).map(({ name, utc_offset }) => `${name} (${utc_offset})`);
  const more = zones.length > SHOWN_ZONES ? ` and ${zones.length - SHOWN_ZONES} more` : '';
  return `${zones.length} time zones: ${shown.join(', ')}${more}`;
}

const Time = z.object({ time: z.string(), timezone: z.string() });
const Zones = z.object({ timezones: z.array(z.object({ name: z.string(), utc_offset: z.string() })) });
