import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { OpenApiDocument } from './document.ts';
import { DocumentProblem, type JsonObject } from './references.ts';

/** The names of what mesh.json sends with every request: callers do not set these. */
export interface ConfiguredNames {
  /** In lower case. */
  readonly headers: readonly string[];
  readonly query: readonly string[];
  /** Security schemes that have a credential. */
  readonly schemes: readonly string[];
}

/** A security scheme of a document: where its credential goes. */
export interface SecurityScheme {
  /** Its name in the document. */
  readonly scheme: string;
  /** `other`: nothing that can be sent with a request, such as a client certificate. */
  readonly kind: 'key' | 'basic' | 'bearer' | 'other';
  readonly place: 'header' | 'query' | 'cookie';
  /** The name of the header, parameter or cookie. */
  readonly name: string;
}

/** The credentials of one operation. */
export interface OperationSecurity {
  /** Those that are sent with its requests. */
  readonly credentials: readonly SecurityScheme[];
  /** Schemes that it demands and that have no credential. */
  readonly missing: readonly string[];
}

const NONE: OperationSecurity = { credentials: [], missing: [] };

/** The security of a document's operations. */
export interface DocumentSecurity {
  readonly schemes: ReadonlyMap<string, SecurityScheme>;
  /** Places and names, as `query api_key`, that belong to the exchange: no arguments of tools. */
  readonly reserved: ReadonlySet<string>;
  /** Returns the credentials of an operation with this `security`. */
  of(requirements: unknown): OperationSecurity;
}

/** Returns a parameter as {@link DocumentSecurity.reserved} has it. */
export const placed = (place: string, name: string): string =>
  `${place} ${place === 'header' ? name.toLowerCase() : name}`;

export function readSecurity(document: OpenApiDocument, configured: ConfiguredNames): DocumentSecurity {
  const schemes = readSchemes(document);
  const given = new Set(configured.schemes);
  const sent = new Set([
    ...configured.headers.map((name) => placed('header', name)),
    ...configured.query.map((name) => placed('query', name)),
  ]);
  const keys = [...schemes.values()].filter(({ kind }) => kind === 'key').map(({ place, name }) => placed(place, name));
  const isSupplied = (name: string): boolean => {
    const scheme = schemes.get(name);
    if (scheme === undefined || given.has(name)) return true;
    const { place } = scheme;
    return sent.has(placed(place, scheme.name)) || (place === 'cookie' && sent.has('header cookie'));
  };
  const known = (names: readonly string[]) => names.flatMap((name) => schemes.get(name) ?? []);
  const of = (own: unknown): OperationSecurity => {
    const listed = own ?? document.root['security'];
    // Documents that demand nothing by name often mean all that they define.
    if (!Array.isArray(listed)) return { credentials: known(configured.schemes), missing: [] };
    const alternatives = listed.map((one: unknown) => Object.keys(isRecord(one) ? one : {}));
    const chosen =
      alternatives.find((names) => names.length > 0 && names.every(isSupplied)) ??
      alternatives.find((names) => names.length === 0) ??
      alternatives[0];
    if (chosen === undefined) return NONE;
    return {
      credentials: known(chosen.filter((name) => given.has(name))),
      missing: chosen.filter((name) => !isSupplied(name)),
    };
  };
  return { schemes, reserved: new Set([...sent, ...keys]), of };
}

function readSchemes(document: OpenApiDocument): ReadonlyMap<string, SecurityScheme> {
  const { components } = document.root;
  const listed = isRecord(components) ? components['securitySchemes'] : undefined;
  const schemes = new Map<string, SecurityScheme>();
  for (const [scheme, value] of Object.entries(isRecord(listed) ? listed : {})) {
    try {
      schemes.set(scheme, { scheme, ...readScheme(document.resolve(value)) });
    } catch (error) {
      // A scheme that is broken is one that cannot be sent.
      if (!(error instanceof DocumentProblem)) throw error;
    }
  }
  return schemes;
}

const PLACES = ['header', 'query', 'cookie'] as const;

function readScheme({ type, in: given, name, scheme }: JsonObject): Omit<SecurityScheme, 'scheme'> {
  const place = PLACES.find((one) => one === given);
  if (type === 'apiKey' && place !== undefined && typeof name === 'string') return { kind: 'key', place, name };
  const authorization = { place: 'header', name: 'authorization' } as const;
  if (type === 'oauth2' || type === 'openIdConnect') return { kind: 'bearer', ...authorization };
  if (type !== 'http' || typeof scheme !== 'string') return { kind: 'other', ...authorization };
  const lower = scheme.toLowerCase();
  return { kind: lower === 'basic' || lower === 'bearer' ? lower : 'other', ...authorization };
}

/** Returns, in words for an operator, what is wrong with the credentials of mesh.json. */
export function unknownSchemes({ schemes }: DocumentSecurity, { schemes: given }: ConfiguredNames): [string, string][] {
  const names = [...schemes.keys()].slice(0, 20).join(', ');
  const known = names === '' ? 'none' : names;
  return given
    .filter((name) => !schemes.has(name))
    .map((name) => [name, `the document has no security scheme of this name; it has ${known}`]);
}

const FORMS: Readonly<Record<SecurityScheme['kind'], string>> = {
  key: '${YOUR_KEY}',
  basic: '${USER}:${PASSWORD}',
  bearer: '${YOUR_TOKEN}',
  other: '',
};

/** Returns, in words for an operator, what to do about a scheme without a credential. */
export function adviceFor(scheme: SecurityScheme | undefined, name: string): string {
  if (scheme === undefined || scheme.kind === 'other')
    return 'its kind cannot be sent; set "headers" if a header will do';
  const where = `${scheme.kind === 'key' ? 'a key' : scheme.kind} in the ${scheme.place} "${scheme.name}"`;
  return `it is ${where}; set "credentials": {${JSON.stringify(name)}: "${FORMS[scheme.kind]}"} in mesh.json`;
}
