// Any OpenAI client can use Toolmesh as its server: the mesh's tools run on the way, and the client sees only text.
//   npm start, and in a second terminal:   npx node examples/openai-client/chat.ts "What time is it in Tokyo?"
import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: `${process.env['MIDDLEWARE_URL'] ?? 'http://localhost:8002'}/v1`,
  apiKey: process.env['API_KEY'] ?? 'not needed unless the mesh has a key',
});

const stream = await client.chat.completions.create({
  model: 'toolmesh',
  messages: [{ role: 'user', content: process.argv[2] ?? 'What time is it in Tokyo?' }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
process.stdout.write('\n');
