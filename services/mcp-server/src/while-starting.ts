import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Catalogue } from './catalogue.ts';
import type { Upstream } from './upstreams/upstream.ts';

const RETRY_SECONDS = 5;

/**
 * Returns the `request` of a catalogue for callers that come early: a name that nobody offers may belong to an upstream that
 * is starting for the first time, which can take minutes.
 */
export function whileStarting(
  request: Catalogue['request'],
  upstreams: () => readonly Upstream[],
): Catalogue['request'] {
  return (sent, caller) =>
    request(sent, caller).catch((error: unknown) => {
      throw isUnknown(error) ? notYet(error, upstreams()) : error;
    });
}

const isUnknown = (error: unknown): error is MeshError =>
  error instanceof MeshError && (error.code === 'tool_not_found' || error.code === 'not_found');

function notYet(error: MeshError, upstreams: readonly Upstream[]): MeshError {
  const starting = upstreams.flatMap(({ name, status, offer, starting: start }) => {
    const words = status === 'up' || offer.tools.length > 0 ? undefined : start?.();
    return words === undefined ? [] : [`${name} is ${words}`];
  });
  if (starting.length === 0) return error;
  return new MeshError('unavailable', `${error.message} yet; ${starting.join('. ')}. Try again`, {
    cause: error,
    details: error.details,
    retryAfterSeconds: RETRY_SECONDS,
  });
}
