import { isRecord } from '@toolmesh/shared/kit/json/is-record';

/** An object as JSON has them. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A part of a document that cannot be used: its operation is left out. */
export class DocumentProblem extends Error {
  override readonly name = 'DocumentProblem';
}

export const isUnusable = (error: unknown): error is DocumentProblem => error instanceof DocumentProblem;

/** Returns the object that a value is, or refers to. @throws DocumentProblem for a broken reference. */
export type Resolve = (value: unknown) => JsonObject;

/** The references of a document. */
export interface References {
  readonly resolve: Resolve;
  /** Returns the target of a reference. @throws DocumentProblem if it is broken or leaves the document. */
  follow(reference: string): unknown;
}

/** References to references; more are a circle. */
const MAX_HOPS = 16;

export function createReferences(root: JsonObject): References {
  const follow = (reference: string): unknown => {
    if (reference === '#') return root;
    if (!reference.startsWith('#/')) throw new DocumentProblem(`"${reference}" leads out of the document`);
    let at: unknown = root;
    for (const part of reference.slice(2).split('/')) {
      const key = unescape(part);
      const holder: unknown = at;
      if (Array.isArray(holder)) at = holder[Number(key)];
      else at = isRecord(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined;
    }
    if (at === undefined) throw new DocumentProblem(`"${reference}" leads nowhere`);
    return at;
  };
  return {
    follow,
    resolve(value) {
      let at = value;
      for (let hops = 0; hops < MAX_HOPS; hops += 1) {
        if (!isRecord(at)) throw new DocumentProblem('there is no object where one should be');
        if (typeof at['$ref'] !== 'string') return at;
        at = follow(at['$ref']);
      }
      throw new DocumentProblem('its references go in a circle');
    },
  };
}

/** A part of a reference: https://www.rfc-editor.org/rfc/rfc6901#section-6 */
function unescape(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch (cause) {
    throw new DocumentProblem(`"${part}" is no part of a reference`, { cause });
  }
}
