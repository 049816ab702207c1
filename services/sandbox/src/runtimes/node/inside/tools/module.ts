import { createToolChannel, type ToolChannel } from './channel.ts';
import { createTools, ToolError } from './create-tools.ts';

/** The name by which programs import their tools. */
export const TOOLMESH = 'toolmesh';
/** The address of the module, which is no file. */
export const TOOLMESH_URL = 'file:///opt/node/lib/toolmesh.mjs';

const KEY = 'toolmesh.tools';

/** The module's text, which takes what {@link openToolmesh} has left. Its default export is the tools, or all of it. */
export const TOOLMESH_SOURCE = `const own = globalThis[Symbol.for('${KEY}')];
export const { tools, ToolError } = own;
export default new Proxy(own, { get: (_own, name) => own[name] ?? tools[name] });
`;

let channel: ToolChannel | undefined;

/** Makes what the module has, once. */
export function openToolmesh(): void {
  if (channel !== undefined) return;
  channel = createToolChannel();
  const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64');
  const value = Object.freeze({ tools: createTools({ ask: channel.ask, fromBase64 }), ToolError });
  Object.defineProperty(globalThis, Symbol.for(KEY), { value });
}

/** Begins another program of a session. */
export const forgetToolCalls = (): void => channel?.forget();
