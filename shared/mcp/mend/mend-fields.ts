import { isRecord } from '../../kit/json/is-record.ts';

/** The reading of a field. */
export interface FieldReading {
  /** Its value as it can be passed on. Undefined: the field is left away. */
  readonly value: unknown;
  /** The defect of the value that came: what was expected, and what came. */
  readonly problem?: string | undefined;
}

export type ReadField = (value: unknown) => FieldReading;

/** An object as it can be passed on, the same one if nothing was wrong with it. */
export interface Mended {
  readonly item: Readonly<Record<string, unknown>>;
  /** The fields that were mended or left away, each with the reason. */
  readonly problems: readonly string[];
}

/** Returns `item` with each of the named fields as its reader has it. Fields that it lacks are not read. */
export function mendFields(
  item: Readonly<Record<string, unknown>>,
  readers: Readonly<Record<string, ReadField>>,
): Mended {
  let mended: Record<string, unknown> | undefined;
  const problems: string[] = [];
  for (const [key, read] of Object.entries(readers)) {
    if (!Object.hasOwn(item, key)) continue;
    const { value, problem } = read(item[key]);
    if (problem !== undefined) problems.push(`${key}: ${problem}`);
    if (value === item[key]) continue;
    mended ??= { ...item };
    if (value === undefined) delete mended[key];
    else mended[key] = value;
  }
  return { item: mended ?? item, problems };
}

/** Returns what came, in a few words. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return 'a list';
  return isRecord(value) ? 'an object' : JSON.stringify(value);
}

export const expected = (what: string, value: unknown): string => `must be ${what}; is ${describeValue(value)}`;

/** Returns the reader of a field that is left away unless `fits`. */
export const only =
  (what: string, fits: (value: unknown) => boolean): ReadField =>
  (value) =>
    fits(value) ? { value } : { value: undefined, problem: expected(what, value) };

/** Longest text of a list: a description beyond it says nothing more to a model. */
const MAX_TEXT = 65_536;

/** Reads a text, cut where it is too long. */
export const readText: ReadField = (value) => {
  if (typeof value !== 'string') return { value: undefined, problem: expected('text', value) };
  if (value.length <= MAX_TEXT) return { value };
  return { value: value.slice(0, MAX_TEXT), problem: `has ${value.length} characters; cut to ${MAX_TEXT}` };
};

export const readBoolean = only('true or false', (value) => typeof value === 'boolean');
export const readNumber = only('a number', (value) => typeof value === 'number' && Number.isFinite(value));
export const readObject = only('an object', isRecord);

/** Returns the reader of a field that holds an object with these fields. */
export const readFields =
  (readers: Readonly<Record<string, ReadField>>): ReadField =>
  (value) => {
    if (!isRecord(value)) return readObject(value);
    const { item, problems } = mendFields(value, readers);
    return { value: item, problem: joined(problems) };
  };

/** Returns the reader of a field that holds a list; items that `read` leaves away are left out. */
export const readList =
  (read: ReadField): ReadField =>
  (value) => {
    if (!Array.isArray(value)) return { value: undefined, problem: expected('a list', value) };
    const readings = value.map(read);
    const problem = joined(
      readings.flatMap((reading, at) => (reading.problem === undefined ? [] : [`[${at}] ${reading.problem}`])),
    );
    if (readings.every((reading, at) => reading.value === value[at])) return { value, problem };
    return { value: readings.map((reading) => reading.value).filter((item) => item !== undefined), problem };
  };

const joined = (problems: readonly string[]): string | undefined =>
  problems.length === 0 ? undefined : problems.join(', ');
