// The AI SDK's chat, outside of a framework: /chat speaks its UI message stream, so its transport works as it is.
//   npm start, and in a second terminal:   npx node examples/use-chat/chat.ts "Run `print(6 * 7)`"
// In React the same is one hook; see README.md beside this file.
import { AbstractChat, type ChatState, DefaultChatTransport, type UIMessage } from 'ai';

const chat = `${process.env['MIDDLEWARE_URL'] ?? 'http://localhost:8002'}/chat`;

/** State without a framework: plain fields. `@ai-sdk/react` and `@ai-sdk/vue` bring one that renders on change. */
class PlainState implements ChatState<UIMessage> {
  status: ChatState<UIMessage>['status'] = 'ready';
  error: Error | undefined;
  messages: UIMessage[] = [];
  pushMessage = (message: UIMessage) => void this.messages.push(message);
  popMessage = () => void this.messages.pop();
  replaceMessage = (index: number, message: UIMessage) => void (this.messages[index] = message);
  snapshot = structuredClone;
}

class Chat extends AbstractChat<UIMessage> {}

const conversation = new Chat({ state: new PlainState(), transport: new DefaultChatTransport({ api: chat }) });
await conversation.sendMessage({ text: process.argv[2] ?? 'Run `print(6 * 7)`' });
if (conversation.error !== undefined) throw conversation.error;

for (const part of conversation.lastMessage?.parts ?? []) {
  if (part.type === 'dynamic-tool') console.log(`[${part.toolName} ${JSON.stringify(part.input)}: ${part.state}]`);
  if (part.type === 'text') console.log(part.text);
}
