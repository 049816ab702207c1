import { setTimeout as sleep } from 'node:timers/promises';
import { defineTool, type ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';

type Said = { readonly text: string };
type Run = (input: Said, context: ToolContext) => Promise<Said> | Said;

/** Tools of a hub that tests watch: what was called, and whose signal aborted. */
export function watchedTools() {
  const called: { readonly name: string; readonly input: unknown }[] = [];
  const cancelled: string[] = [];
  const make = (name: string, run: Run, annotations = {}) =>
    defineTool({
      name,
      description: `The tool ${name}.`,
      input: z.object({ text: z.string().default('') }),
      output: z.object({ text: z.string() }),
      annotations,
      run: async (input, context) => {
        called.push({ name, input });
        context.signal.addEventListener('abort', () => void cancelled.push(name));
        return run(input, context);
      },
    });
  const echo = make('echo', ({ text }) => ({ text: text }));
  const tools = [
    echo,
    make('count', async (_input, { chunk, progress }) => {
      for (let n = 1; n <= 3; n += 1) {
        progress({ progress: n, total: 3 });
        chunk({ stream: 'stdout', text: `${n}\n` });
        await sleep(20);
      }
      return { text: 'counted' };
    }),
    make('hang', async (_input, { signal }) => {
      await sleep(60_000, undefined, { signal });
      return { text: 'never' };
    }),
    make('destroy', ({ text }) => ({ text: `destroyed ${text}` }), { destructiveHint: true }),
  ];
  return { tools, called, cancelled };
}
