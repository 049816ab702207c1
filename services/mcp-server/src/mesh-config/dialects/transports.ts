/** The transports that an entry may name, and the kind of entry that each belongs to. */
type Transport = 'stdio' | 'http' | 'sse';

const NAMES: Readonly<Record<string, Transport>> = {
  stdio: 'stdio',
  local: 'stdio',
  command: 'stdio',
  process: 'stdio',
  http: 'http',
  https: 'http',
  remote: 'http',
  streamable: 'http',
  streamablehttp: 'http',
  httpstream: 'http',
  httpstreamable: 'http',
  sse: 'sse',
  httpsse: 'sse',
};
const WEB_SOCKETS = new Set(['ws', 'wss', 'websocket', 'tcp']);
/** Words for the kind of an entry that say nothing about a transport. */
const OTHERS = new Set(['openapi', 'custom', 'mcp', 'auto', 'rest']);

export interface NamedTransport {
  readonly transport?: 'http' | 'sse';
  readonly problem?: string;
  readonly warning?: string;
}

/** Returns what the value of `type` or `transport` says, in whatever spelling, about an entry that has these keys. */
export function readTransport(value: unknown, keys: { readonly isCommand: boolean }): NamedTransport {
  if (value === undefined) return {};
  if (typeof value !== 'string') return { problem: 'must be a text such as "stdio", "http" or "sse"' };
  const word = value.toLowerCase().replaceAll(/[^a-z]/g, '');
  if (WEB_SOCKETS.has(word)) {
    return { problem: `"${cut(value)}" is no transport of the hub; it has "stdio", "http" and "sse"` };
  }
  const transport = Object.hasOwn(NAMES, word) ? NAMES[word] : undefined;
  if (transport === undefined) {
    return OTHERS.has(word) ? {} : { warning: `"${cut(value)}" is not known; "stdio", "http" and "sse" are` };
  }
  const isStdio = transport === 'stdio';
  if (isStdio !== keys.isCommand) {
    return { warning: `says "${cut(value)}", and the entry has ${keys.isCommand ? 'a command' : 'none'}` };
  }
  return isStdio ? {} : { transport };
}

const cut = (text: string): string => text.slice(0, 40);
