import { stripTypeScriptTypes } from 'node:module';
import { NEEDS_TRANSFORMER } from './source/needs-transformer.ts';

/** JavaScript, or why the program is not TypeScript. */
export type Stripped =
  | { readonly code: string }
  | { readonly error: { readonly type: string; readonly message: string; readonly traceback: string } };

/**
 * JavaScript from TypeScript: types become blanks, so that every line and column stays where it was. Where that
 * cannot be (enums, namespaces), the code is transformed, and only the order of lines stays.
 */
export function stripTypes(code: string): Stripped {
  try {
    return { code: stripTypeScriptTypes(code) };
  } catch (error) {
    if (!needsTransform(error)) return refusal(error, code);
  }
  try {
    return { code: stripTypeScriptTypes(code, { mode: 'transform' }) };
  } catch (error) {
    return refusal(error, code);
  }
}

const needsTransform = (error: unknown): boolean =>
  Error.isError(error) && 'code' in error && error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX';

const JSX = /<\/[A-Za-z][\w.]*\s*>|\/>|<>/;

function refusal(error: unknown, code: string): Stripped {
  const reason = Error.isError(error) ? error.message.trim() : String(error);
  const message = JSX.test(code) ? `${reason}: ${NEEDS_TRANSFORMER.JSX}` : reason;
  return { error: { type: 'SyntaxError', message, traceback: `SyntaxError: ${message}` } };
}
