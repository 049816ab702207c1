/** Returns the type alone, in lower case: without parameters such as a charset. */
export const bareType = (type: string): string => (type.split(';')[0] ?? '').trim().toLowerCase();

/** Returns whether a content type is JSON, by its name or its suffix. */
export const isJsonType = (type: string): boolean =>
  /^(?:[^\s/]+\/[^\s/]+\+json|(?:application|text)\/(?:x-)?json)$/.test(bareType(type));

const TEXT =
  /^application\/(?:[^\s;/]+\+)?(?:xml|yaml|x-yaml|javascript|x-javascript|ecmascript|graphql|toml|sql|x-sh)$/;
/** Lines of JSON, and forms. */
const LINES = /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|json-seq|www-form-urlencoded)$/;

/** Returns whether a content type is text, so that it is passed on as a string. */
export function isTextType(type: string): boolean {
  const bare = bareType(type);
  return (
    isJsonType(bare) ||
    bare.startsWith('text/') ||
    TEXT.test(bare) ||
    LINES.test(bare) ||
    (bare.endsWith('+xml') && !bare.startsWith('image/'))
  );
}
