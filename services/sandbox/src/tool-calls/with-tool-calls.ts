import type { Execute } from '../execution/execute.ts';
import type { ToolCalls } from './tool-calls.ts';

/** Lets the programs that `execute` runs call tools, if they were given any. */
export function withToolCalls(execute: Execute, toolCalls: ToolCalls): Execute {
  return async (program, signal, listeners) => {
    const calls = await toolCalls.open(program, signal, (event) =>
      listeners?.output?.({ stream: 'tool_call', text: `${event.name}: ${event.status}\n`, ...event }),
    );
    try {
      const result = await execute(program, signal, { ...listeners, call: calls.receive });
      return program.tools === undefined ? result : { ...result, tool_calls: [...calls.end()] };
    } finally {
      calls.end();
    }
  };
}
