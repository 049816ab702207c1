import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { expandText, type VariableScope } from './expand-text.ts';

/** Something that is wrong, or has no effect, at a place in an entry. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export interface Found {
  readonly problems: Problem[];
  readonly notes: Problem[];
}

/** Expands references in every text of an entry. `$NAME` alone counts in variables and headers, as Gemini writes it. */
export function expandValue(
  entry: Readonly<Record<string, unknown>>,
  scope: VariableScope,
  found: Found,
): Record<string, unknown> {
  const expand = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (typeof value === 'string') return expandAt(value, path);
    if (Array.isArray(value)) return value.map((item: unknown, index) => expand(item, [...path, index]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, [...path, key])]));
  };
  const expandAt = (text: string, path: readonly PropertyKey[]): string => {
    const messages: string[] = [];
    const isPlain = path.length === 2 && (path[0] === 'env' || path[0] === 'headers');
    const expanded = expandText(
      isPlain ? braced(text, scope, (message) => void found.notes.push({ path, message })) : text,
      scope,
      messages,
    );
    found.problems.push(...messages.map((message) => ({ path, message })));
    return expanded;
  };
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, expand(value, [key])]));
}

/** Writes `$NAME` and `Bearer $NAME` as `${NAME}` where there is such a variable. */
function braced(text: string, scope: VariableScope, note: (message: string) => void): string {
  const [, before, name] = /^((?:\w+ )?)\$([A-Z][A-Z0-9_]+)$/.exec(text) ?? [];
  if (before === undefined || name === undefined) return text;
  if (scope.variable(name) !== undefined) return `${before}\${${name}}`;
  note(`$${name} is passed on as it is: no variable has this name; \${${name}} would demand it`);
  return text;
}
