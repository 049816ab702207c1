import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

/** An object as JSON has them. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A part of a document that cannot be used: its operation is left out. */
export class DocumentProblem extends Error {
  override readonly name = 'DocumentProblem';
}

/** An OpenAPI document whose references can be followed. */
export interface OpenApiDocument {
  readonly root: JsonObject;
  /** `3.0` has keywords of its own for null and bounds; 3.2 is treated as 3.1. */
  readonly version: '3.0' | '3.1';
  /** The base of relative server URLs. */
  readonly url: URL;
  /** Returns the object that `value` is, or refers to. @throws DocumentProblem for a broken reference. */
  resolve(value: unknown): JsonObject;
  /** Returns the target of a reference. @throws DocumentProblem if it is broken or leaves the document. */
  follow(reference: string): unknown;
}

/** References to references; more are a circle. */
const MAX_HOPS = 16;

/** Tells whether a document's text is meant as JSON; if not, it is YAML. */
export const isJson = (text: string): boolean => text.trimStart().startsWith('{');

/**
 * Opens a document that was parsed from JSON or YAML.
 * @throws MeshError upstream_failed with the correction to make, if it is no OpenAPI document that can be used.
 */
export function openDocument(name: string, root: unknown, url: URL): OpenApiDocument {
  if (!isRecord(root)) throw wrong(name, 'its document is no object');
  const given = typeof root['openapi'] === 'string' ? root['openapi'] : undefined;
  if (given === undefined || !/^3\.[012](\.|$)/.test(given)) {
    const found = given?.slice(0, 20) ?? (root['swagger'] === undefined ? 'something else' : 'Swagger 2');
    throw wrong(name, `its document is not OpenAPI 3.0, 3.1 or 3.2 but ${found}; convert it`);
  }
  return withReferences(root, given.startsWith('3.0') ? '3.0' : '3.1', url);
}

/** The error of a document that cannot be used. */
export const wrong = (name: string, what: string, cause?: unknown): MeshError =>
  new MeshError('upstream_failed', `${name} cannot be used: ${what}`, { cause });

/** A part of a reference: https://www.rfc-editor.org/rfc/rfc6901#section-6 */
function unescape(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch (cause) {
    throw new DocumentProblem(`"${part}" is no part of a reference`, { cause });
  }
}

function withReferences(root: JsonObject, version: '3.0' | '3.1', url: URL): OpenApiDocument {
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
    root,
    version,
    url,
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
