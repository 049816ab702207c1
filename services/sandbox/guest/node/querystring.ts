import { parse, stringify } from 'fast-querystring';

type Values = Record<string, unknown>;
const encode = (text: unknown): string => encodeURIComponent(String(text));

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** As `parse` of the library, with other separators where they are given. */
function parseWith(text: string, separator = '&', equals = '='): Values {
  if (separator === '&' && equals === '=') return parse(text);
  return parse(
    text
      .split(separator)
      .map((pair) => pair.replace(equals, '='))
      .join('&'),
  );
}

function stringifyWith(values: Values, separator = '&', equals = '='): string {
  const text = stringify(values);
  if (separator === '&' && equals === '=') return text;
  return text
    .split('&')
    .map((pair) => pair.replace('=', equals))
    .join(separator);
}

/** Node's `querystring`, by fast-querystring. */
export const querystring = {
  parse: parseWith,
  stringify: stringifyWith,
  decode: parseWith,
  encode: stringifyWith,
  escape: encode,
  unescape: decode,
};
