import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createReferences, type JsonObject, type References } from './references.ts';
import { fromSwagger } from './swagger.ts';

/** An OpenAPI document whose references can be followed. */
export interface OpenApiDocument extends References {
  readonly root: JsonObject;
  /** `3.0` has keywords of its own for null and bounds; 3.2 is treated as 3.1. */
  readonly version: '3.0' | '3.1';
  /** The base of relative server URLs. */
  readonly url: URL;
}

/** Tells whether a document's text is meant as JSON; if not, it is YAML. */
export const isJson = (text: string): boolean => /^\ufeff?\s*\{/.test(text);

/**
 * Opens a document that was parsed from JSON or YAML; one of Swagger 2.0 is read as if it were of OpenAPI 3.0.
 * @throws MeshError upstream_failed with the correction to make, if it is no OpenAPI document that can be used.
 */
export function openDocument(name: string, root: unknown, url: URL): OpenApiDocument {
  if (!isRecord(root)) throw wrong(name, 'its document is no object');
  // YAML reads a version without quotes as a number.
  const named = root['openapi'] ?? root['swagger'];
  const given = typeof named === 'string' || typeof named === 'number' ? String(named) : 'something else';
  const isSwagger = root['openapi'] === undefined && /^2(\.0)?$/.test(given);
  if (!isSwagger && !/^3(\.[012](\.|$)|$)/.test(given)) {
    throw wrong(name, `its document is not OpenAPI 3.0, 3.1 or 3.2, or Swagger 2.0, but ${given.slice(0, 20)}`);
  }
  const version = /^3\.[12]/.test(given) ? '3.1' : '3.0';
  const references = createReferences(root);
  return { root: isSwagger ? fromSwagger(root, references.resolve, url) : root, version, url, ...references };
}

/** The error of a document that cannot be used. */
export const wrong = (name: string, what: string, cause?: unknown): MeshError =>
  new MeshError('upstream_failed', `${name} cannot be used: ${what}`, { cause });
