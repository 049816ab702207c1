import { fencedOnly, hasFence } from '../../javascript/source/clean-source.ts';
import type { PlaceMap } from './explain.ts';
import { loadersFor, transform, type Transformed } from './transform.ts';
import type { ColumnMap } from '../../javascript/source/column-map.ts';

export interface SourceOptions {
  readonly file: string;
  readonly isTypeScript: boolean;
  readonly esbuild: string;
  readonly keepsImports?: boolean;
}

/** The programs of this process and the files that are not run as they were written: places in them can be mapped back. */
export function createSource() {
  const maps = new Map<string, (line: number, column: number) => { readonly line: number; readonly column: number }>();
  const add = (file: string, columnOf: ColumnMap, placeOf?: Transformed['placeOf']): void => {
    maps.set(file, (line, column) => {
      const place = { line, column: columnOf(line, column) };
      return placeOf?.(place.line, place.column) ?? place;
    });
  };
  let isShown = false;
  const placeIn: PlaceMap = (file, line, column) => {
    const place = maps.get(file)?.(line, column);
    return place === undefined ? undefined : `${file}:${place.line}:${place.column}`;
  };

  /** Maps a place of a stack; undefined for one that is as its author knows it. */
  const placeOf: PlaceMap = (...place) => (isShown ? undefined : placeIn(...place));

  return {
    placeOf,
    addFile: (file: string, { placeOf: map }: Transformed): void => add(file, (_line, column) => column, map),
    /**
     * Prepares a program by `known`. TypeScript is made JavaScript before, and so is what the parser does not know:
     * JSX, decorators. What is neither goes to Node as it is, by `unknown`, which says what is wrong with it.
     * @throws SyntaxError
     */
    prepare<Prepared extends { readonly columnOf: ColumnMap }>(
      code: string,
      { isTypeScript, ...options }: SourceOptions,
      { known, unknown }: Preparations<Prepared>,
    ): Prepared {
      // A whole answer of a language model has text around its blocks of code.
      const candidates = hasFence(code) ? [code, fencedOnly(code)] : [code];
      const prepared = isTypeScript ? undefined : firstOf(candidates, known);
      if (prepared !== undefined) {
        add(options.file, prepared.columnOf);
        return prepared;
      }
      const make = (text: string) => transform(text, { ...options, loaders: loadersFor(text, isTypeScript) });
      const mayBeOther = isTypeScript || /[<@]/.test(code);
      const transformed =
        (mayBeOther ? firstOf(candidates, make) : undefined) ?? (isTypeScript ? make(code) : undefined);
      if (transformed === undefined) {
        const unparsed = unknown(code);
        add(options.file, unparsed.columnOf);
        return unparsed;
      }
      isShown = true;
      showOwnPlaces(placeIn);
      const from = firstOf([transformed.code], known) ?? unknown(transformed.code);
      add(options.file, from.columnOf, transformed.placeOf);
      return from;
    },
  };
}

/** The two ways to prepare a program: one needs to parse it, and throws a SyntaxError where it cannot. */
export interface Preparations<Prepared> {
  readonly known: (code: string) => Prepared;
  readonly unknown: (code: string) => Prepared;
}

/** Returns what is made of the first text that has the right syntax. */
function firstOf<Value>(texts: readonly string[], make: (text: string) => Value): Value | undefined {
  for (const text of texts) {
    try {
      return make(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return undefined;
}

/** Makes the stacks of errors name the places that the author of the program knows. */
function showOwnPlaces(placeOf: PlaceMap): void {
  Error.prepareStackTrace = (error: Error, calls: readonly NodeJS.CallSite[]): string =>
    `${headOf(error)}${calls.map((call) => `\n    at ${ownFrame(call, placeOf)}`).join('')}`;
}

const PLACE = /(?:file:\/\/)?(\/work\/[^:()]+):(\d+):(\d+)/;

/** A frame, which shows itself. */
interface CallText {
  toString(): string;
}

function ownFrame(call: CallText, placeOf: PlaceMap): string {
  const text = call.toString();
  const [found = '', file = '', line = '', column = ''] = PLACE.exec(text) ?? [];
  const place = found === '' ? undefined : placeOf(file, Number(line), Number(column));
  return place === undefined ? text : text.replace(found, () => place);
}

function headOf(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}
