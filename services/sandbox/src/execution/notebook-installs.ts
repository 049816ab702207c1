import { LIMITS } from '@toolmesh/shared/contracts/execution';

/** Matches what is asked of pip on a line of a notebook: `!pip install x`, `%pip install x`, `pip install x`. */
const LINE = /^(?:[!%] ?)?(?:python3? -m )?(?:pip3?|uv pip) install ([^\n#;&|]*)/;
/** Matches the arguments of the same in a call of `subprocess`. */
const CALL = /['"]pip3?['"], *['"]install['"],([^\])\n]*)/;
const QUOTED = /['"]([^'"\s]+)['"]/g;
/** Options of pip that take a value. */
const WITH_VALUE = new Set([
  '-r',
  '-c',
  '-e',
  '-i',
  '-f',
  '-t',
  '--index-url',
  '--extra-index-url',
  '--find-links',
  '--target',
]);
const NAME = /^[A-Za-z0-9][\w.-]*(?:\[[\w,.-]+\])?(?:[=<>!~]=?[\w.*,<>=!~]+)?$/;
const TRIPLE = /'''|"""/g;

/** Returns the packages that a program in Python asks pip for, as far as they can be told from its text; at most 20. */
export function installsIn(code: string): readonly string[] {
  if (!code.includes('install')) return [];
  const found = new Set<string>();
  let isInString = false;
  for (const line of code.split('\n')) {
    const words = isInString ? [] : wordsOf(line);
    for (const word of words) found.add(word);
    if ((line.match(TRIPLE)?.length ?? 0) % 2 === 1) isInString = !isInString;
  }
  return [...found].slice(0, LIMITS.packages);
}

function wordsOf(line: string): readonly string[] {
  const asked = LINE.exec(line.trimStart())?.[1];
  if (asked !== undefined) return namesAmong(asked.split(/\s+/).map((word) => word.replaceAll(/['"]/g, '')));
  const quoted = CALL.exec(line)?.[1];
  return quoted === undefined ? [] : namesAmong([...quoted.matchAll(QUOTED)].map(([, word = '']) => word));
}

const namesAmong = (words: readonly string[]): readonly string[] =>
  words.filter((word, i) => NAME.test(word) && !WITH_VALUE.has(words[i - 1] ?? ''));
