// A small agent: one loop. The mesh's tools run at the server, between the model's steps. A tool of the agent's own runs
// here: the model's turn ends with `tool_calls`, and goes on when the results are sent.
//   npm start with a real model, and in a second terminal:
//   npx node examples/agent/agent.ts "Find out what time it is in Tokyo and write it down"
import OpenAI from 'openai';
import { z } from 'zod';

const MAX_TURNS = 8;
const client = new OpenAI({
  baseURL: `${process.env['MIDDLEWARE_URL'] ?? 'http://localhost:8002'}/v1`,
  apiKey: process.env['API_KEY'] ?? 'none',
});

const notes: string[] = [];
const Note = z.object({ text: z.string() });
const saveNote: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: { name: 'save_note', description: 'Writes a note down.', parameters: z.toJSONSchema(Note) },
};

/** Runs one call of the agent's own tool. What it returns is for the model, mistakes included. */
function run(call: OpenAI.ChatCompletionMessageToolCall): string {
  if (call.type !== 'function' || call.function.name !== 'save_note') return 'Error: there is no such tool';
  const note = Note.safeParse(JSON.parse(call.function.arguments));
  if (!note.success) return `Error: ${z.prettifyError(note.error)}`;
  notes.push(note.data.text);
  return 'saved';
}

const goal = process.argv[2] ?? 'Find out what time it is in Tokyo and write it down';
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: goal }];
for (let turn = 1; turn <= MAX_TURNS; turn += 1) {
  const { choices } = await client.chat.completions.create({
    model: process.env['MODEL'] ?? 'toolmesh',
    messages,
    tools: [saveNote],
  });
  const message = choices[0]?.message;
  if (message === undefined) throw new Error('the answer has no message');
  messages.push(message);
  if (message.content) console.log(message.content);
  if (message.tool_calls === undefined) break;
  for (const call of message.tool_calls) messages.push({ role: 'tool', tool_call_id: call.id, content: run(call) });
}
console.log(`notes: ${JSON.stringify(notes)}`);
