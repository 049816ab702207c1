import { inspect } from 'node-inspect-extracted';
import { URL as BaseURL, URLSearchParams as BaseParams } from 'whatwg-url';

/** `URL` and `URLSearchParams` of whatwg-url, shown as Node shows them. */
export const URL = Object.assign(BaseURL, { canParse, parse });
export const URLSearchParams = BaseParams;

function canParse(url: string, base?: string): boolean {
  return parse(url, base) !== null;
}

function parse(url: string, base?: string): InstanceType<typeof BaseURL> | null {
  try {
    return new BaseURL(url, base);
  } catch {
    return null;
  }
}

const FIELDS = [
  'href',
  'origin',
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'searchParams',
  'hash',
] as const;

Object.defineProperty(BaseURL.prototype, inspect.custom, {
  configurable: true,
  value(this: InstanceType<typeof BaseURL>, _depth: number, options: object) {
    const fields = Object.fromEntries(FIELDS.map((name) => [name, this[name]]));
    return `URL ${inspect(fields, options)}`;
  },
});

Object.defineProperty(BaseParams.prototype, inspect.custom, {
  configurable: true,
  value(this: Iterable<[string, string]>, _depth: number, options: object) {
    const pairs = [...this].map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`);
    return pairs.length === 0 ? 'URLSearchParams {}' : `URLSearchParams { ${pairs.join(', ')} }`;
  },
});
