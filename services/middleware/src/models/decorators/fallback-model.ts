import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Model, ModelEvent, Notice } from '../model.ts';
import { openAnswer } from './opened-answer.ts';

/** A provider that may answer; `open` fails when it cannot be used at present. */
export interface Candidate {
  readonly provider: string;
  open(): Promise<Model>;
}

/**
 * Opens the first of several models that can answer. When it fails before its answer begins, the next one is asked, and
 * stays in use as long as this model is. A `notice` names the model that answers and the reason. @throws MeshError that
 * names all providers that were tried when none can be opened
 */
export async function openWithFallback(candidates: readonly Candidate[]): Promise<Model> {
  const rest = [...candidates];
  /** The candidates that failed, and why. */
  const tried: { readonly name: string; readonly error: MeshError }[] = [];
  let pendingNotice: Notice | undefined;

  /** Opens the next candidate that can be used. @throws MeshError when there is none */
  const openNext = async (): Promise<Model> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      try {
        const model = await next.open();
        const last = tried.at(-1);
        if (last !== undefined) pendingNotice = noticeOf(last.name, last.error, model);
        return model;
      } catch (error) {
        if (!mayFallBack(error)) throw error;
        tried.push({ name: next.provider, error });
      }
    }
    const [only, ...more] = tried;
    if (only === undefined || more.length === 0)
      throw only?.error ?? new MeshError('unavailable', 'No provider is set');
    const reasons = tried.map(({ name, error }) => `${name}: ${error.message}`).join('; ');
    throw new MeshError('unavailable', `No provider can answer. ${reasons}`, { cause: only.error });
  };

  let current = await openNext();
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
            if (!mayFallBack(error)) throw error;
            tried.push({ name: nameOf(current), error });
            current = await openNext();
          }
        }
      };
      const events = await answer();
      if (pendingNotice !== undefined) yield pendingNotice;
      pendingNotice = undefined;
      yield* events;
    },
    check: (signal) => current.check(signal),
  };
}

/** Tells whether the provider is at fault rather than the request. */
const mayFallBack = (error: unknown): error is MeshError =>
  error instanceof MeshError &&
  ['upstream_failed', 'upstream_timeout', 'unavailable', 'rate_limited'].includes(error.code);

const nameOf = ({ provider, name }: Model): string => (provider === name ? provider : `${provider} (${name})`);

function noticeOf(left: string, why: MeshError, to: Model): Notice {
  const message = `${left} cannot answer: ${why.message}. ${nameOf(to)} answers instead`;
  const { provider, name } = to;
  return { type: 'notice', code: 'fallback', message, answeredBy: { provider, model: name } };
}
