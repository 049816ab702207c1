import { z } from 'zod';

/** Something that a program has shown, in the shape of Jupyter's: content by type, best first or not. */
export const DisplayData = z.object({
  data: z
    .record(z.string(), z.unknown())
    .describe('Content by type: text as it is, pictures in base64, types of JSON as values'),
  metadata: z
    .record(z.string(), z.unknown())
    .describe('`artifact` is the path of the same picture among the artifacts'),
});
export type DisplayData = z.output<typeof DisplayData>;

/** Returns true for types whose content is a JSON value rather than a text. */
export const isJsonType = (type: string): boolean => type === 'application/json' || type.endsWith('+json');

/** The types that a model reads best, best first. */
const READABLE = ['text/markdown', 'text/latex', 'text/plain', 'text/html', 'image/svg+xml', 'application/json'];
/** Matches texts that only name an object, where another type says more. */
const NAME_ONLY = /^<[\w.]+(?: object)?(?: at 0x[0-9a-f]+)?>$/i;

/** Returns the text by which a display is best read, whatever its length; undefined for one that is only a picture. */
export function readableText({ data }: DisplayData): string | undefined {
  const plain = data['text/plain'];
  const isNamed = typeof plain === 'string' && NAME_ONLY.test(plain);
  const types = READABLE.filter((type) => data[type] !== undefined && !(type === 'text/plain' && isNamed));
  const [best] = types;
  if (best === undefined) return undefined;
  const content = data[best];
  return typeof content === 'string' ? content : JSON.stringify(content);
}
