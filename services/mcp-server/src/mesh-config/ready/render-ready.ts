import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { ReadyServer, Setting } from './ready-servers.ts';

/** The values of settings, and the variables that are set. */
export interface ReadyValues {
  /** Values to write into the entry. */
  readonly given: ReadonlyMap<string, string>;
  /** Returns whether a variable is set in the environment or in .env. */
  readonly isSet: (name: string) => boolean;
}

export interface Rendered {
  /** The entry for mesh.json: given values as text, all others as references, without what is left out. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Required settings without a value. */
  readonly missing: readonly MissingSetting[];
}

export interface MissingSetting extends Setting {
  readonly name: string;
}

/** Returns the entry of a ready server. Secrets stay references; an optional setting without a value is left out. */
export function renderReady({ entry, settings }: ReadyServer, { given, isSet }: ReadyValues): Rendered {
  const has = (name: string): boolean => given.has(name) || isSet(name);
  const needs = ({ required, unless }: Setting): boolean => required && (unless === undefined || !has(unless));
  const missing = Object.entries(settings).flatMap(([name, setting]) =>
    needs(setting) && !has(name) ? [{ name, ...setting }] : [],
  );
  const leftOut = Object.entries(settings).flatMap(([name, setting]) => (needs(setting) || has(name) ? [] : [name]));
  const render = (value: unknown): unknown => {
    if (typeof value === 'string') return withGiven(value, settings, given);
    if (Array.isArray(value)) return value.map(render);
    if (!isRecord(value)) return value;
    const kept = Object.entries(value).filter(([, item]) => !leftOut.some((name) => item === `\${${name}}`));
    return Object.fromEntries(kept.map(([key, item]) => [key, render(item)]));
  };
  const rendered = Object.entries(entry).map(([key, value]): [string, unknown] => [key, render(value)]);
  return { entry: Object.fromEntries(rendered.filter(([, value]) => !isEmpty(value))), missing };
}

function withGiven(text: string, settings: ReadyServer['settings'], given: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (reference, name: string) => {
    const value = settings[name]?.secret === false ? given.get(name) : undefined;
    return value?.replaceAll('${', '$${') ?? reference;
  });
}

const isEmpty = (value: unknown): boolean => isRecord(value) && Object.keys(value).length === 0;
