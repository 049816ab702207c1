import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { findEntries, type MeshDocument } from '../document/find-entries.ts';
import { DocumentError } from '../document/jsonc.ts';
import { readDocument } from '../document/read-document.ts';
import { expandText, type VariableScope } from './expand-text.ts';

/** Returns the variables that the entries of a file refer to; none for a file that cannot be read, which the hub reports. */
export function variableNames(path: string): readonly string[] {
  try {
    return namesIn(findEntries(readDocument(path)));
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return [];
  }
}

/** Returns the variables that entries refer to, in whatever form. */
export function namesIn({ entries, inputs }: Pick<MeshDocument, 'entries' | 'inputs'>): readonly string[] {
  const names = new Set<string>();
  const variable = (name: string): undefined => void names.add(name);
  for (const { value } of entries) collect(value, { variable, inputs, folder: '' }, names);
  return [...names];
}

function collect(value: unknown, scope: VariableScope, names: Set<string>): void {
  if (typeof value === 'string') {
    expandText(value, scope, []);
    // Gemini's form, which counts where there is such a variable.
    const [, bare] = /^(?:\w+ )?\$([A-Z][A-Z0-9_]+)$/.exec(value) ?? [];
    if (bare !== undefined) names.add(bare);
  }
  if (Array.isArray(value)) for (const item of value) collect(item, scope, names);
  if (isRecord(value)) for (const item of Object.values(value)) collect(item, scope, names);
}
