import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { McpRequest, McpResult } from '@toolmesh/shared/mcp/protocol';
import type { Caller } from '../upstream.ts';

/** A call that may ask questions while it runs, and goes on when they are answered. */
export interface PendingCall {
  /** The questions without an answer, by key. */
  questions(): Readonly<Record<string, McpRequest>>;
  /**
   * Resolves with the result when the call ends, or with undefined when a question is open. Notifications go to `notify`
   * until then. @throws what the call throws.
   */
  next(notify: Caller['notify']): Promise<McpResult | undefined>;
  /** Answers open questions, by key. */
  answer(answers: Readonly<Record<string, McpResult>>): void;
  stop(reason: MeshError): void;
}

interface Question {
  readonly request: McpRequest;
  readonly answer: (answer: McpResult) => void;
}

/** Starts `run` on behalf of `caller`, whose questions are kept. */
export function startPendingCall(caller: Caller, run: (asking: Caller) => Promise<McpResult>): PendingCall {
  const stopping = new AbortController();
  const open = new Map<string, Question>();
  let asked = Promise.withResolvers<void>();
  let notify: Caller['notify'];
  let count = 0;

  const ask = (request: McpRequest, signal: AbortSignal): Promise<McpResult> =>
    new Promise((answer) => {
      const key = `q${(count += 1)}`;
      open.set(key, { request, answer });
      // The upstream withdrew its question.
      signal.addEventListener('abort', () => open.delete(key), { once: true });
      asked.resolve();
    });
  const ended = run({
    ...caller,
    signal: stopping.signal,
    takesInputRequired: false,
    notify: caller.notify && ((notification) => notify?.(notification)),
    ask,
  });
  ended.catch(() => {});

  return {
    questions: () => Object.fromEntries([...open].map(([key, { request }]) => [key, request])),
    async next(listener) {
      notify = listener;
      try {
        return (await Promise.race([ended, asked.promise])) ?? undefined;
      } finally {
        notify = undefined;
      }
    },
    answer(answers) {
      for (const [key, { answer }] of open) {
        const given = answers[key];
        if (given === undefined) continue;
        open.delete(key);
        answer(given);
      }
      if (open.size === 0) asked = Promise.withResolvers<void>();
    },
    stop: (reason) => stopping.abort(reason),
  };
}
