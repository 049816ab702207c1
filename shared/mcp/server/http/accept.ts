/** The forms of an answer that a client takes. */
export interface Accepted {
  /** Server-sent events, which can bring messages before the answer. */
  readonly stream: boolean;
  readonly json: boolean;
}

const JSON_TYPES = ['application/json', 'application/*', '*/*'];

/**
 * Reads an `Accept` header. The protocol asks clients for both types; many send less. A stream is for those alone that
 * name it, and JSON for all but those that name nothing else.
 */
export function acceptedBy(header: string | undefined): Accepted {
  const text = header?.toLowerCase() ?? '';
  const stream = text.includes('text/event-stream');
  return { stream, json: !stream || JSON_TYPES.some((type) => text.includes(type)) };
}
