import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { imagesOf } from './images.ts';
import type { Message, ModelToolCall } from '../model.ts';

/**
 * Describes tools in words for a model without tool calls. Its calls are text of a strict form that `createAnswerText`
 * reads, and results are sent back as text. The form is the one that most open models were trained on.
 */
export function withPromptedTools(messages: readonly Message[], tools: readonly Tool[]): readonly Message[] {
  const plainMessages: Message[] = [];
  for (const [index, message] of messages.entries()) {
    const plain = toPlain(message);
    const last = plainMessages.at(-1);
    // Many templates want user and assistant to take turns, so the results of one round are one message.
    const isNext = message.role === 'tool' && messages[index - 1]?.role === 'tool';
    if (isNext && last?.role === 'user') plainMessages.splice(-1, 1, joined(last, plain));
    else plainMessages.push(plain);
  }
  if (tools.length === 0) return plainMessages;
  const [first, ...rest] = plainMessages;
  const instructions = describeTools(tools);
  if (first?.role !== 'system') return [{ role: 'system', content: instructions }, ...plainMessages];
  return [{ role: 'system', content: `${first.content}\n\n${instructions}` }, ...rest];
}

type UserMessage = Extract<Message, { role: 'user' }>;

function joined(first: UserMessage, second: Message): UserMessage {
  const images = [...imagesOf(first), ...imagesOf(second)];
  const content = `${first.content}\n${second.content}`;
  return { role: 'user', content, ...(images.length === 0 ? {} : { images }) };
}

function describeTools(tools: readonly Tool[]): string {
  const list = tools.map(({ name, description, input_schema }) =>
    JSON.stringify({ name, description, parameters: input_schema }),
  );
  return `# Tools
You can call the tools below, one JSON object per line. To call one, write a block of exactly this form, and no more:
<tool_call>
{"name": "the tool's name", "arguments": {"the argument's name": "its value"}}
</tool_call>
The block holds one valid JSON object; "arguments" follows the tool's "parameters", a JSON Schema. For several calls
write several blocks. Then stop: the results come in the next message, in <tool_result> blocks. Never write a
<tool_result> block yourself. When no tool is needed, or when you have the results, answer in plain words.

${list.join('\n')}`;
}

function toPlain(message: Message): Message {
  if (message.role === 'tool') {
    const { name, content, images } = message;
    // A result must not be able to end its own block.
    const inside = content.replaceAll(/<(?=\/?tool_(?:result|call)\b)/gi, '&lt;');
    const block = `<tool_result name=${JSON.stringify(name)}>\n${inside}\n</tool_result>`;
    return { role: 'user', content: block, ...(images === undefined ? {} : { images }) };
  }
  if (message.role !== 'assistant' || message.toolCalls === undefined) return message;
  const blocks = message.toolCalls.map(writeCall);
  return { role: 'assistant', content: [message.content, ...blocks].filter((part) => part !== '').join('\n') };
}

function writeCall({ name, arguments: args }: ModelToolCall): string {
  const json = typeof args === 'string' && parseJson(args) !== undefined ? args : JSON.stringify(args ?? {});
  return `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${json}}\n</tool_call>`;
}
