import { effect, signal } from '@preact/signals';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { listOf, objectOf, textOf } from '../api/json.ts';

/** The key of the user's settings in this browser. No part of a chat is among them. */
const STORED = 'toolmesh-settings';
const stored = objectOf(parseJson(localStorage.getItem(STORED) ?? ''));

export type Theme = 'system' | 'light' | 'dark';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export const theme = signal<Theme>(THEMES.find((name) => name === stored['theme']) ?? 'system');

/** The chosen model; both undefined mean the server's default. */
export interface ModelChoice {
  readonly provider: string | undefined;
  readonly model: string | undefined;
}
const storedChoice = objectOf(stored['model']);
export const modelChoice = signal<ModelChoice>({
  provider: textOf(storedChoice['provider']),
  model: textOf(storedChoice['model']),
});

/** Tools that the model is not offered, by name. */
export const disabledTools = signal<ReadonlySet<string>>(
  new Set(listOf(stored['disabledTools']).flatMap((name) => textOf(name) ?? [])),
);

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'system';
}

export function toggleTool(name: string): void {
  const names = new Set(disabledTools.value);
  if (!names.delete(name)) names.add(name);
  disabledTools.value = names;
}

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
  const settings = { theme: theme.value, model: modelChoice.value, disabledTools: [...disabledTools.value] };
  try {
    localStorage.setItem(STORED, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing: the settings last as long as the page.
  }
});
