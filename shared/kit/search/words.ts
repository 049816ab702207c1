/** Longest word that is kept whole. */
const MAX_WORD = 40;

/** Words that say nothing of what is searched. */
const EMPTY = new Set(
  (
    'a an and are as at be been by can could did do does else everything for from had has have he her his how i if in into is it ' +
    'its just let may me my of on or our out over please she should so some somebody someone something such than that the ' +
    'their them then there these they this those to too up us using very via want was we were what when where ' +
    'whose why will with would you your good whole really about here'
  ).split(' '),
);

/**
 * Splits text into its words, in lower case: at anything that is no letter or digit, and inside of `camelCase`,
 * `HTTPServer` and `v2Name`. Scripts without spaces are split into pairs of characters.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  for (const [run] of text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .matchAll(/[\p{L}\p{N}]+/gu)) {
    for (const { text: part, kind } of partsOf(run)) {
      if (kind === 'other') words.push(...pairsOf(part));
      else words.push(part.slice(0, MAX_WORD).toLowerCase());
    }
  }
  return words;
}

type Kind = 'upper' | 'lower' | 'digit' | 'other';

interface Part {
  readonly text: string;
  readonly kind: Kind;
}

/** Splits a run of letters and digits where their kind changes. */
function partsOf(run: string): readonly Part[] {
  // `PRs` is the plural of `PR`.
  if (/^\p{Lu}{2,8}s$/u.test(run)) return [{ text: run, kind: 'lower' }];
  const parts: Part[] = [];
  let text = '';
  let kind: Kind = 'other';
  const end = (): void => {
    if (text !== '') parts.push({ text, kind });
    text = '';
  };
  for (const character of run) {
    const next = kindOf(character);
    if (kind === 'upper' && next === 'lower') {
      // The last of several capitals begins the next word: `HTTPServer`.
      const last = text.slice(-1);
      text = text.slice(0, -1);
      end();
      text = last;
    } else if (next !== kind) end();
    text += character;
    kind = next;
  }
  end();
  return parts;
}

function kindOf(character: string): Kind {
  if (character >= 'a' && character <= 'z') return 'lower';
  if (character >= '0' && character <= '9') return 'digit';
  if (character >= 'A' && character <= 'Z') return 'upper';
  if (/\p{Ll}/u.test(character)) return 'lower';
  if (/\p{Lu}/u.test(character)) return 'upper';
  return /\p{N}/u.test(character) ? 'digit' : 'other';
}

function pairsOf(run: string): readonly string[] {
  const pairs: string[] = [];
  let before = '';
  for (const character of run.slice(0, 4 * MAX_WORD)) {
    if (before !== '') pairs.push(before + character);
    before = character;
  }
  return pairs.length === 0 ? [before] : pairs;
}

/** Returns whether a word says nothing of what is searched. */
export const isEmptyWord = (word: string): boolean => EMPTY.has(word);

/** Returns the words of a text that mean something, by their stems. */
export const stemsOf = (text: string): readonly string[] =>
  splitWords(text)
    .filter((word) => !EMPTY.has(word))
    .map(stem);

/** Takes the commonest endings off an English word: `files`, `filed` and `filing` become `fil`. */
export function stem(word: string): string {
  if (word.length < 4 || !/^[a-z]+$/.test(word)) return word;
  return withoutLastE(withoutEnding(withoutPlural(word)));
}

function withoutPlural(word: string): string {
  if (/ie[sd]$/.test(word) && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(?:ss|sh|ch|x|z)es$/.test(word)) return word.slice(0, -2);
  return word.endsWith('s') && !/(?:ss|us|is)$/.test(word) ? word.slice(0, -1) : word;
}

function withoutEnding(word: string): string {
  for (const ending of ['ing', 'ed']) {
    const rest = word.slice(0, -ending.length);
    if (!word.endsWith(ending) || rest.length < 3 || !/[aeiouy]/.test(rest)) continue;
    const isDoubled = rest.at(-1) === rest.at(-2) && !/[lsz]$/.test(rest);
    return isDoubled ? rest.slice(0, -1) : rest;
  }
  return word;
}

const withoutLastE = (word: string): string => (word.endsWith('e') && word.length > 4 ? word.slice(0, -1) : word);
