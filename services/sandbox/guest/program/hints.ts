import { NEEDS_TRANSFORMER } from '../../src/runtimes/javascript/source/needs-transformer.ts';

/** Things that a program asks for and an isolate has not, and the way out. */
const MISSING: ReadonlyMap<string, string> = new Map([
  [
    'WebAssembly',
    'JavaScript runs here in an isolate without it; in the namespaces jail it is real Node (install bubblewrap where the sandbox runs)',
  ],
  ['SharedArrayBuffer', 'an isolate has no threads to share memory with'],
  ['Atomics', 'an isolate has no threads to share memory with'],
  ['fetch', 'a program has no network: give it what it needs as files or stdin'],
  ['XMLHttpRequest', 'a program has no network'],
  ['WebSocket', 'a program has no network'],
  ['document', 'there is no page: print the HTML or SVG, or show it by display.html(...)'],
  ['window', 'there is no page: print the HTML or SVG, or show it by display.html(...)'],
  ['alert', 'there is no page: use console.log(...)'],
  ['prompt', 'there is no terminal: give the program stdin'],
]);

/** Returns what the message of an error leaves out, '' where there is nothing. */
export function hintFor(error: Error): string {
  const [, name = ''] = /^(\w+) is not defined$/.exec(error.message) ?? [];
  const hint = error instanceof ReferenceError ? MISSING.get(name) : undefined;
  return hint === undefined ? '' : `: ${hint}`;
}

/** Returns what to say of the place where a program could not be parsed. */
export function syntaxHint(
  source: string,
  { line, column }: { readonly line: number; readonly column: number },
): string {
  const rest = (source.split('\n')[line - 1] ?? '').slice(column);
  if (rest.startsWith('@')) return `: ${NEEDS_TRANSFORMER.decorators}`;
  return /^<[A-Za-z>]/.test(rest) ? `: ${NEEDS_TRANSFORMER.JSX}` : '';
}
