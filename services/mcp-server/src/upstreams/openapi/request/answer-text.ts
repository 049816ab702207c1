const BOMS: readonly (readonly [readonly number[], string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

/** Returns the text of an answer: by its byte order mark, else by `charset`, else as UTF-8, or else as Windows-1252. */
export function textOf(body: Buffer, charset: string | undefined): string {
  const [, marked] = BOMS.find(([bytes]) => bytes.every((byte, i) => body[i] === byte)) ?? [];
  return decodeAs(marked ?? charset, body) ?? utf8Of(body) ?? new TextDecoder('windows-1252').decode(body);
}

/** Returns the text that a body is in UTF-8, without control characters. Undefined if it is none: it is binary. */
export function plainTextOf(body: Buffer): string | undefined {
  const text = utf8Of(body);
  // oxlint-disable-next-line no-control-regex -- those are what tells text from the rest
  return text === undefined || /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text;
}

function utf8Of(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

function decodeAs(charset: string | undefined, body: Buffer): string | undefined {
  if (charset === undefined || /^utf-?8$/i.test(charset)) return undefined;
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return undefined;
  }
}
