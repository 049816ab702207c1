import { setImmediate as nextTurn } from 'node:timers/promises';
import { editDistance } from '../faults/edit-distance.ts';
import type { Tool } from '../../contracts/tool.ts';
import { isRecord } from '../json/is-record.ts';
import { type Action, actionOf, actionsAsked, isVerb } from './actions.ts';
import { MAX_PHRASE, standinsOf } from './synonyms.ts';
import { isEmptyWord, splitWords, stem, stemsOf } from './words.ts';

/** Finds tools by what they do. */
export interface ToolSearch {
  /** Returns the tools that fit a text in anybody's words best, the best first; of those that `accept` takes. */
  search(query: string, options: SearchOptions): Promise<readonly Tool[]>;
}

export interface SearchOptions {
  readonly limit: number;
  readonly accept?: (tool: Tool) => boolean;
}

/** The parts of a tool that are searched, and what a word in each of them is worth. */
const FIELDS = [
  { weight: 3, slope: 0.5, textOf: ({ name }: Tool) => name },
  { weight: 2, slope: 0.5, textOf: ({ title = '' }: Tool) => title },
  { weight: 0.7, slope: 0.75, textOf: ({ description }: Tool) => description.slice(0, MAX_DESCRIPTION) },
  { weight: 0.4, slope: 0.9, textOf: (tool: Tool) => argumentNames(tool).join(' ') },
  { weight: 1.5, slope: 0, textOf: ({ server = '' }: Tool) => server },
] as const;

const MAX_DESCRIPTION = 1_000;
const MAX_ARGUMENTS = 64;
/** Words of a query that are looked at. */
const MAX_QUERY_WORDS = 32;
const MAX_QUERY = 1_000;
/** Longest time that building the index, or a search in it, blocks the event loop. */
const TURN_MS = 10;
/** Saturation of repeated words (BM25). */
const K1 = 1.2;
/** A word of a single tool is no more worth than this: it may be there by chance. */
const MAX_RARITY = 4;
/** The worth of what is not the very word. */
const WORTH = {
  standin: 0.7,
  beginning: 0.5,
  typo: 0.6,
  part: 0.6,
  verb: 0.35,
  action: 0.5,
  server: 1.4,
  otherAction: 0.7,
} as const;

/** A tool with how often each word stands in each of its fields. */
interface Entry {
  readonly tool: Tool;
  readonly key: string;
  readonly lengths: readonly number[];
  /** For each word: its count in each field. */
  readonly counts: ReadonlyMap<string, readonly number[]>;
  readonly nameWords: ReadonlySet<string>;
  readonly action: Action | undefined;
  readonly serverWords: readonly string[];
}

interface Index {
  readonly of: readonly Tool[];
  readonly entries: readonly Entry[];
  /** For each word: the places of the entries that have it, with what it is worth there. */
  readonly postings: ReadonlyMap<string, readonly Posting[]>;
}

interface Posting {
  readonly place: number;
  readonly score: number;
}

/**
 * Makes a search over the tools that `list` returns. The index is built anew when the list is another one; tools that
 * have not changed are not read again, and the event loop is left free all the while.
 */
export function createToolSearch(list: () => readonly Tool[]): ToolSearch {
  let index: Index = { of: [], entries: [], postings: new Map() };
  let building: Promise<void> | undefined;
  const build = async (): Promise<void> => {
    index = await buildIndex(list(), index.entries);
  };
  const fresh = async (): Promise<Index> => {
    while (index.of !== list()) {
      building ??= build().finally(() => {
        building = undefined;
      });
      await building;
    }
    return index;
  };
  return {
    async search(query, { limit, accept = () => true }) {
      const { entries, postings } = await fresh();
      const scores = scoresOf(query, entries, postings);
      return [...scores]
        .sort(([a, x], [b, y]) => y - x || a - b)
        .map(([place]) => entries[place]?.tool)
        .filter((tool) => tool !== undefined && accept(tool))
        .slice(0, limit)
        .flatMap((tool) => (tool === undefined ? [] : [tool]));
    },
  };
}

async function buildIndex(list: readonly Tool[], before: readonly Entry[]): Promise<Index> {
  const known = new Map(before.map((entry) => [entry.tool.name, entry]));
  const pause = createPause();
  const entries: Entry[] = [];
  for (const tool of list) {
    await pause();
    entries.push(readTool(tool, known.get(tool.name)));
  }
  const averages = FIELDS.map((_field, at) => {
    const total = entries.reduce((sum, { lengths }) => sum + (lengths[at] ?? 0), 0);
    return Math.max(1, total / Math.max(1, entries.length));
  });
  const found = new Map<string, Posting[]>();
  for (const [place, { counts, lengths }] of entries.entries()) {
    await pause();
    for (const [word, inFields] of counts) {
      const postings = found.get(word) ?? [];
      found.set(word, postings);
      postings.push({ place, score: frequencyOf(inFields, lengths, averages) });
    }
  }
  const postings = new Map<string, readonly Posting[]>();
  for (const [word, places] of found) {
    await pause();
    const rarity = Math.min(MAX_RARITY, Math.log(1 + (entries.length - places.length + 0.5) / (places.length + 0.5)));
    postings.set(
      word,
      places.map(({ place, score }) => ({ place, score: (rarity * score * (K1 + 1)) / (K1 + score) })),
    );
  }
  return { of: list, entries, postings };
}

/** Returns how much a word is in a tool: its counts, by the worth of the fields and against their lengths (BM25F). */
function frequencyOf(inFields: readonly number[], lengths: readonly number[], averages: readonly number[]): number {
  return FIELDS.reduce((sum, { weight, slope }, at) => {
    const length = (lengths[at] ?? 0) / (averages[at] ?? 1);
    return sum + (weight * (inFields[at] ?? 0)) / (1 - slope + slope * length);
  }, 0);
}

/** Returns what leaves the event loop free for a moment whenever it has been held for long enough. */
function createPause(): () => Promise<void> | void {
  let since = performance.now();
  return () => {
    if (performance.now() - since < TURN_MS) return undefined;
    return nextTurn().then(() => {
      since = performance.now();
    });
  };
}

function readTool(tool: Tool, before: Entry | undefined): Entry {
  const texts = FIELDS.map(({ textOf }) => textOf(tool));
  const key = texts.join('\n');
  if (before?.key === key) return { ...before, tool };
  const counts = new Map<string, number[]>();
  const lengths = texts.map((text, at) => {
    const stems = stemsOf(text);
    for (const word of stems) {
      const inFields = counts.get(word) ?? FIELDS.map(() => 0);
      counts.set(word, inFields);
      inFields[at] = (inFields[at] ?? 0) + 1;
    }
    return stems.length;
  });
  return {
    tool,
    key,
    lengths,
    counts,
    nameWords: new Set(stemsOf(tool.name).filter((word) => !isVerb(word))),
    action: actionOf(tool.name, tool.description),
    serverWords: stemsOf(tool.server ?? ''),
  };
}

function argumentNames({ input_schema }: Tool): readonly string[] {
  const { properties } = input_schema;
  return isRecord(properties) ? Object.keys(properties).slice(0, MAX_ARGUMENTS) : [];
}

/** A word of the query and what may stand for it. */
type Concept = readonly { readonly words: readonly string[]; readonly worth: number }[];

interface Match {
  score: number;
  concepts: number;
  readonly nameWords: Set<string>;
}

/** Returns the scores of the tools that fit, by their places. */
function scoresOf(query: string, entries: readonly Entry[], postings: Index['postings']): ReadonlyMap<number, number> {
  const matches = new Map<number, Match>();
  const concepts = conceptsOf(query, postings);
  const asked = actionsAsked(query);
  const queryWords = new Set(stemsOf(query.slice(0, MAX_QUERY)));
  for (const concept of concepts) {
    for (const [place, { score, words }] of matchesOf(concept, postings)) {
      const match = matches.get(place) ?? { score: 0, concepts: 0, nameWords: new Set() };
      matches.set(place, match);
      match.score += score;
      match.concepts += 1;
      for (const word of words) if (entries[place]?.nameWords.has(word) === true) match.nameWords.add(word);
    }
  }
  return new Map(
    [...matches].map(([place, { score, concepts: count, nameWords }]) => {
      const inName = nameWords.size / Math.max(1, entries[place]?.nameWords.size ?? 1);
      const action = entries[place]?.action;
      const fit = action === undefined || asked.includes(action) ? 1 : WORTH.otherAction;
      const bonus = action !== undefined && asked.slice(0, 2).includes(action) ? WORTH.action : 0;
      const isNamed = entries[place]?.serverWords.some((word) => queryWords.has(word)) === true ? WORTH.server : 1;
      return [place, isNamed * fit * (score + bonus) * (0.5 + (0.5 * count) / concepts.length) * (1 + 0.8 * inName)];
    }),
  );
}

/** Returns the best that any of the words of a concept is worth in each tool. */
function matchesOf(concept: Concept, postings: Index['postings']) {
  const best = new Map<number, { score: number; words: readonly string[] }>();
  for (const { words, worth } of concept) {
    const sums = new Map<number, number>();
    for (const word of words) {
      for (const { place, score } of postings.get(word) ?? []) sums.set(place, (sums.get(place) ?? 0) + score);
    }
    for (const [place, sum] of sums) {
      const score = (worth * sum) / words.length;
      if (score > (best.get(place)?.score ?? 0)) best.set(place, { score, words });
    }
  }
  return best;
}

function conceptsOf(query: string, postings: Index['postings']): readonly Concept[] {
  const words = splitWords(query.slice(0, MAX_QUERY)).slice(0, MAX_QUERY_WORDS);
  const stems = words.map(stem);
  const concepts: Concept[] = [];
  for (let at = 0; at < stems.length;) {
    const phrase = longestPhrase(stems, at);
    const [first = ''] = phrase;
    if (phrase.length > 1 || !isEmptyWord(words[at] ?? '')) {
      const standins = standinsOf(phrase).map((other) => ({ words: other, worth: WORTH.standin }));
      const others = phrase.length === 1 && standins.length === 0 ? similarWords(first, postings) : [];
      const own = phrase.filter((_word, index) => !isEmptyWord(words[at + index] ?? ''));
      const parts = own.length > 1 ? own.map((word) => ({ words: [word], worth: WORTH.part })) : [];
      const concept = [{ words: own, worth: 1 }, ...parts, ...standins, ...others];
      const isWeak = phrase.length === 1 && isVerb(first);
      concepts.push(isWeak ? concept.map((one) => ({ ...one, worth: one.worth * WORTH.verb })) : concept);
    }
    at += phrase.length;
  }
  return concepts;
}

/** Returns the longest phrase from here on that something stands for; else the word that is here. */
function longestPhrase(stems: readonly string[], at: number): readonly string[] {
  for (let length = MAX_PHRASE; length > 1; length -= 1) {
    const phrase = stems.slice(at, at + length);
    if (phrase.length === length && standinsOf(phrase).length > 0) return phrase;
  }
  return stems.slice(at, at + 1);
}

/** Returns words of tools that begin as an unknown one does, or else may be what was meant by it. */
function similarWords(word: string, postings: Index['postings']): Concept {
  if (postings.has(word) || word.length < 4) return [];
  const known = [...postings.keys()].filter((other) => other.length >= 4);
  const beginnings = known.filter((other) => other.startsWith(word) || word.startsWith(other));
  if (beginnings.length > 0) return beginnings.map((other) => ({ words: [other], worth: WORTH.beginning }));
  const far = word.length < 8 ? 1 : 2;
  const near = known.filter((other) => Math.abs(other.length - word.length) <= far && editDistance(word, other) <= far);
  return near.map((other) => ({ words: [other], worth: WORTH.typo }));
}
