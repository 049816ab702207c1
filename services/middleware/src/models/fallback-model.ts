import { MeshError } from '@toolmesh/shared/errors';
import type { Model, ModelEvent, Notice } from './model.ts';
import { openAnswer } from './opened-answer.ts';

/** A provider that may answer; `open` fails when it cannot be used as things are. */
export interface Candidate {
  readonly provider: string;
  open(): Promise<Model>;
}

/**
 * The first of several models that can answer. When it fails before it has said anything, the next one is asked, and
 * stays the one that is asked for as long as this model is used. A `notice` names who answers and why.
 * @throws MeshError of the last candidate when none can be opened
 */
export async function openWithFallback(candidates: readonly Candidate[]): Promise<Model> {
  const rest = [...candidates];
  let untold: Notice | undefined;

  /** The next candidate that can be used. `left` is who cannot, and `why`. */
  const openNext = async (left: string | undefined, why: unknown): Promise<Model> => {
    let [name, reason] = [left, why];
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      try {
        const model = await next.open();
        if (name !== undefined) untold = noticeOf(name, reason, model);
        return model;
      } catch (error) {
        if (!mayFallBack(error)) throw error;
        [name, reason] = [name ?? next.provider, reason ?? error];
      }
    }
    throw reason;
  };

  let current = await openNext(undefined, undefined);
  return {
    provider: current.provider,
    name: current.name,
    async *respond(request) {
      const answer = async (): Promise<AsyncIterable<ModelEvent>> => {
        for (;;) {
          try {
            return await openAnswer(current.respond(request));
          } catch (error) {
            request.signal.throwIfAborted();
            if (!mayFallBack(error) || rest.length === 0) throw error;
            current = await openNext(nameOf(current), error);
          }
        }
      };
      const events = await answer();
      if (untold !== undefined) yield untold;
      untold = undefined;
      yield* events;
    },
    check: (signal) => current.check(signal),
  };
}

/** Whether the provider is at fault, not the request. */
const mayFallBack = (error: unknown): boolean =>
  error instanceof MeshError &&
  ['upstream_failed', 'upstream_timeout', 'unavailable', 'rate_limited'].includes(error.code);

const nameOf = ({ provider, name }: Model): string => (provider === name ? provider : `${provider} (${name})`);

function noticeOf(left: string, why: unknown, to: Model): Notice {
  const reason = why instanceof MeshError ? why.message : 'it failed';
  const message = `${left} cannot answer: ${reason}. ${nameOf(to)} answers instead`;
  const { provider, name } = to;
  return { type: 'notice', code: 'fallback', message, answeredBy: { provider, model: name } };
}
