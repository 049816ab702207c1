import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { contextHeaders } from '@toolmesh/shared/kit/telemetry/request-context';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { z } from 'zod';

/** A service with tools, in the place of the hub: its REST face is the hub's. */
export async function serveHubOfTools() {
  const called: { readonly name: string; readonly args: unknown; readonly baggage: string | undefined }[] = [];
  let cancelled = 0;
  let running = 0;
  let mostRunning = 0;
  const note = (name: string, args: unknown) => called.push({ name, args, baggage: contextHeaders()['baggage'] });
  const output = z.looseObject({});
  const tools = [
    defineTool({
      name: 'add',
      description: 'Adds two numbers.\nThey may be large.',
      input: z.object({ a: z.number(), b: z.number().default(1) }),
      output: z.object({ sum: z.number() }),
      run: (args) => {
        note('add', args);
        return { sum: args.a + args.b };
      },
    }),
    defineTool({
      name: 'git-status',
      description: 'Tells the state of a folder.',
      input: z.object({ from: z.string() }),
      output,
      run: (args) => {
        note('git-status', args);
        return { clean: true, from: args.from };
      },
    }),
    defineTool({
      name: 'fail',
      description: 'Fails.',
      input: z.object({}),
      output,
      isError: () => true,
      render: () => [{ type: 'text', text: 'it is broken' }],
      run: () => ({}),
    }),
    defineTool({
      name: 'wait',
      description: 'Waits.',
      input: z.object({ ms: z.number() }),
      output,
      run: async ({ ms }, { signal }) => {
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        try {
          await new Promise<void>((resolve, reject) => {
            const timer = setTimeout(resolve, ms);
            signal.addEventListener('abort', () => {
              clearTimeout(timer);
              cancelled += 1;
              reject(signal.reason);
            });
          });
          return { waited: ms };
        } finally {
          running -= 1;
        }
      },
    }),
    defineTool({
      name: 'big',
      description: 'Returns as many characters.',
      input: z.object({ length: z.number() }),
      output,
      run: ({ length }) => ({ text: 'x'.repeat(length) }),
    }),
  ];
  const hub = await serveTools(tools);
  return {
    url: hub.url,
    close: () => hub.stop(0),
    called,
    cancelled: () => cancelled,
    running: () => running,
    mostRunning: () => mostRunning,
  };
}
