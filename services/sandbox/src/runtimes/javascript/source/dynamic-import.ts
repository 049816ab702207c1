import { parse } from 'acorn';
import { IMPORT } from './prepare-program.ts';
import { applyEdits, type Edit, inOrder, PROGRAM_OPTIONS, walk } from './syntax.ts';

/** Returns a CommonJS module whose import() calls {@link IMPORT}, which is to be among its arguments. @throws SyntaxError */
export function replaceDynamicImport(source: string): string {
  if (!/\bimport\s*\(/.test(source)) return source;
  const edits: Edit[] = [];
  walk(parse(source, PROGRAM_OPTIONS), ({ type, start }) => {
    if (type === 'ImportExpression') edits.push([start, start + 'import'.length, IMPORT]);
  });
  return applyEdits(source, inOrder(edits));
}

/** Returns true for a source with import or export statements. */
export function looksLikeModule(source: string): boolean {
  // Most scripts can be recognised without being parsed.
  if (!/(?:^|[;}])[^\S\n\r\u2028\u2029]*(?:import|export)\b/m.test(source)) return false;
  try {
    const { body } = parse(source, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
    return body.some(({ type }) => /^(Import|Export)/.test(type));
  } catch {
    return false;
  }
}
