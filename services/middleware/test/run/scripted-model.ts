import type { Model, ModelEvent, ModelRequest } from '../../src/models/model.ts';

type Answer = readonly ModelEvent[] | Error | ((request: ModelRequest) => AsyncIterable<ModelEvent>);

export const say = (text: string): ModelEvent => ({ type: 'text', text });
export const call = (name: string, args: unknown, id = `id_${name}`): ModelEvent => ({
  type: 'tool_call',
  call: { id, name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
});
export const finish = (reason: 'stop' | 'length' = 'stop'): ModelEvent => ({ type: 'finish', reason });

/** A model that says what a test wrote down, one answer per request; `requests` is what it was asked. */
export function scriptedModel(answers: readonly Answer[]) {
  const requests: ModelRequest[] = [];
  const model: Model = {
    provider: 'demo',
    name: 'scripted',
    async *respond(request) {
      const answer = answers[requests.length];
      requests.push({ ...request, messages: [...request.messages] });
      if (answer === undefined) throw new Error(`The script has no answer ${requests.length}`);
      if (answer instanceof Error) throw answer;
      yield* typeof answer === 'function' ? answer(request) : answer;
    },
    check: async () => {},
  };
  return { model, requests };
}
