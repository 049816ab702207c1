import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import { safeName, withSuffix } from './names.ts';
import type { Place } from '../request/serialize.ts';

/** A part of a request that becomes an argument of the tool. */
export interface Field {
  readonly place: Place | 'body';
  readonly name: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** Names arguments by their fields; if several fields share a name, all but the first get their place as a prefix. */
export function argumentNames(fields: readonly Field[]): ReadonlyMap<Field, string> {
  const forbidden = /[^A-Za-z0-9_.-]+/g;
  const taken = new Set<string>();
  const names = new Map<Field, string>();
  for (const field of fields) {
    let name = safeName(field.name, forbidden);
    if (taken.has(name)) name = safeName(`${field.place}_${field.name}`, forbidden);
    for (let i = 2; taken.has(name); i += 1) name = withSuffix(name, String(i));
    taken.add(name);
    names.set(field, name);
  }
  return names;
}
