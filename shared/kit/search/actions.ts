import { splitWords, stem } from './words.ts';

/** The kinds of things that tools do, and that people ask for. */
export type Action = 'create' | 'read' | 'update' | 'delete';

/** Words that tell what is done, in the names and descriptions of tools. */
const TOOL_WORDS: Readonly<Record<Action, string>> = {
  create:
    'create add new insert post start open submit generate make register request upload send publish run execute launch ' +
    'trigger dispatch attach follow star subscribe fork copy duplicate write put begin draw import',
  read: 'get list read retrieve return search find show describe view fetch query check look count download export compare display',
  update:
    'update edit set modify patch replace rename move change merge enable disable lock unlock mark resume approve accept ' +
    'confirm finalize transfer format sort resize scale restore pay capture convert protect switch',
  delete:
    'delete remove drop clear destroy cancel stop close dismiss void detach unfollow unstar uninstall expire block evict abort',
};

/** Further words that people use. */
const QUERY_WORDS: Readonly<Record<Action, string>> = {
  create:
    'build write put give sign save store hand reply answer ask call report deploy bring tell invite keep record remember ' +
    'join include share ship mail charge collect schedule draw load stick',
  read:
    'what which who whose how where when why has is are does know see tell history overview information status any ' +
    'many much latest newest last',
  update:
    'fix correct adjust turn fill let allow press choose type switch assign give put mark reopen colour color bold join go',
  delete:
    'erase throw rid forget kill kick take wipe end destroy stop off undo reset withdraw turn quit revoke reject refuse',
};

const stems = (words: string): ReadonlySet<string> => new Set(words.split(' ').map(stem));
const ACTIONS: readonly Action[] = ['create', 'read', 'update', 'delete'];
const OF_TOOLS = ACTIONS.map((action) => ({ action, words: stems(TOOL_WORDS[action]) }));
const OF_QUERIES = ACTIONS.map((action) => ({ action, words: stems(`${TOOL_WORDS[action]} ${QUERY_WORDS[action]}`) }));

/** Words of a name or description that may say what a tool does. */
const LEADING_WORDS = 4;

/** Returns what a tool does, by the verb that its description or its name begins with. */
export function actionOf(name: string, description: string): Action | undefined {
  const [first = ''] = splitWords(description.slice(0, 200)).map(stem);
  return actionIn([first]) ?? actionIn(splitWords(name).slice(0, LEADING_WORDS).map(stem));
}

function actionIn(words: readonly string[]): Action | undefined {
  for (const word of words) {
    const found = OF_TOOLS.find((known) => known.words.has(word));
    if (found !== undefined) return found.action;
  }
  return undefined;
}

/** Returns what a query may ask for, by its verbs in their order; one without a verb asks to be shown something. */
export function actionsAsked(query: string): readonly Action[] {
  const asked = splitWords(query)
    .map(stem)
    .flatMap((word) => OF_QUERIES.filter((known) => known.words.has(word)).map(({ action }) => action));
  return asked.length === 0 ? ['read'] : asked;
}

const ALL_WORDS = new Set(OF_TOOLS.flatMap(({ words }) => [...words]));
/** Returns whether a word, by its stem, says what is done rather than with what. */
export const isVerb = (word: string): boolean => ALL_WORDS.has(word);
