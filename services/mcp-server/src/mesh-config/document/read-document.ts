import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { DocumentError, type ParsedDocument, parseJsonc } from './jsonc.ts';

/**
 * Returns the value that the file at `path` holds: JSON with comments, or YAML where its name ends so.
 * @throws DocumentError for a file that cannot be read or parsed, with line and column
 */
export function readDocument(path: string): ParsedDocument {
  let text: string;
  try {
    text = decoded(readFileSync(path));
  } catch (cause) {
    throw new DocumentError(`${path} cannot be read`, { cause });
  }
  const isYaml = /\.ya?ml$/i.test(path);
  try {
    return isYaml ? parseYaml(text) : parseJsonc(text);
  } catch (cause) {
    if (!(cause instanceof DocumentError)) throw cause;
    throw new DocumentError(`${path} is not valid ${isYaml ? 'YAML' : 'JSON'}: ${cause.message}`, { cause });
  }
}

/** Decodes UTF-8, or UTF-16 where a byte order mark says so, as PowerShell writes it. */
function decoded(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return bytes.toString('utf8');
}

/** Parses YAML; aliases that multiply are refused by the package. @throws DocumentError with line and column */
export function parseYaml(text: string): ParsedDocument {
  const lineCounter = new LineCounter();
  const parsed = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'silent' });
  const [error] = parsed.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw new DocumentError(`line ${line}, column ${col}: ${error.message}`);
  }
  try {
    return { value: parsed.toJS({ maxAliasCount: 100 }), repeated: [] };
  } catch (cause) {
    throw new DocumentError(Error.isError(cause) ? cause.message : 'it cannot be read', { cause });
  }
}
