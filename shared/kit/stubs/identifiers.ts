/** Words that no program can use as a name, in Python or in JavaScript. */
const RESERVED = new Set(
  (
    'False None True and as assert async await break case catch class const continue debugger def default del delete do ' +
    'elif else enum except export extends false finally for from function global if implements import in instanceof ' +
    'interface is lambda let new nonlocal not null or package pass private protected public raise return static super ' +
    'switch this throw true try typeof var void while with yield'
  ).split(' '),
);

export const isIdentifier = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.has(name);

/**
 * Returns the name under which programs can write a tool or a property: the same where that is an identifier, else with `_`
 * in place of other characters, after `_` before a digit, and before `_` for a reserved word: `git.status` is `git_status`,
 * `from` is `from_`.
 */
export function identifierOf(name: string): string {
  const readable = name.replaceAll(/[^A-Za-z0-9_]/g, '_');
  if (readable === '' || /^[0-9]/.test(readable)) return `_${readable}`;
  return RESERVED.has(readable) ? `${readable}_` : readable;
}
