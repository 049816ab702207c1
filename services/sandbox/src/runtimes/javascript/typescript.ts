import { stripTypeScriptTypes } from 'node:module';

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
    if (!needsTransform(error)) return refusal(error);
  }
  try {
    return { code: stripTypeScriptTypes(code, { mode: 'transform' }) };
  } catch (error) {
    return refusal(error);
  }
}

const needsTransform = (error: unknown): boolean =>
  Error.isError(error) && 'code' in error && error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX';

function refusal(error: unknown): Stripped {
  const message = Error.isError(error) ? error.message.trim() : String(error);
  return { error: { type: 'SyntaxError', message, traceback: `SyntaxError: ${message}` } };
}
