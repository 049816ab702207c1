import { only, readFields, readList } from './mend-fields.ts';

/** ISO 8601 with a time and an offset: clients refuse a whole list for less. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

const isPriority = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;
const isRole = (value: unknown): boolean => value === 'user' || value === 'assistant';
const isTime = (value: unknown): boolean => typeof value === 'string' && TIME.test(value);

/** Reads the annotations of resources and of content. */
export const readAnnotations = readFields({
  audience: readList(only('"user" or "assistant"', isRole)),
  priority: only('a number from 0 to 1', isPriority),
  lastModified: only('a time of ISO 8601', isTime),
});
