/**
 * Tokens that OpenAI's own models take, by the beginning of their names, the longest first: what they read and write
 * together, but of gpt-5 what it reads, which is less. From https://platform.openai.com/docs/models as of November 2025;
 * a model that is not here has its window from `OPENAI_CONTEXT_TOKENS`, or none that is known.
 */
const WINDOWS: readonly (readonly [string, number])[] = [
  ['gpt-3.5-turbo', 16_385],
  ['gpt-4-turbo', 128_000],
  ['gpt-4.1', 1_047_576],
  ['gpt-4.5', 128_000],
  ['gpt-4o', 128_000],
  ['gpt-5', 272_000],
  ['gpt-4', 8_192],
  ['o1', 200_000],
  ['o3', 200_000],
  ['o4-mini', 200_000],
];

/** The window of a model by its name; undefined for one that is not known. */
export const openAiWindow = (model: string): number | undefined =>
  WINDOWS.find(([prefix]) => model.startsWith(prefix) && !/^[a-z0-9]/i.test(model.slice(prefix.length)))?.[1];
