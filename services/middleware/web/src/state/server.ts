import { computed, signal } from '@preact/signals';
import { getHealth, type Health, listModels, listTools, type ModelEntry, type ToolEntry } from '../api/api.ts';
import { explain } from '../api/failures.ts';
import { refreshSessions } from './sessions.ts';
import { modelChoice } from './settings.ts';

const HEALTH_EVERY_MS = 15_000;

/** The latest look at the server; undefined before the first. */
export const health = signal<Health | undefined>(undefined);
export const models = signal<readonly ModelEntry[]>([]);
export const tools = signal<readonly ToolEntry[]>([]);
/** Why there is no list of tools, where there is none. */
export const toolsProblem = signal<string | undefined>(undefined);

/** Whose answer the next one will be, as far as is known. */
export const nextProvider = computed(() => modelChoice.value.provider ?? health.value?.provider);

export const isDemo = computed(() => nextProvider.value === 'demo');

/** Looks at the server now and then, at once when the tab comes back to the front. */
export function watchServer(): void {
  const look = async () => {
    const before = health.value?.state;
    health.value = await getHealth();
    if (health.value.state !== 'unreachable' && (before === undefined || before === 'unreachable')) await loadLists();
    if (health.value.state !== 'unreachable' && before === 'unreachable') await refreshSessions();
  };
  void look();
  setInterval(() => {
    if (!document.hidden) void look();
  }, HEALTH_EVERY_MS);
  document.addEventListener('visibilitychange', () => {
    // Another tab may have added to the list.
    if (!document.hidden) void look().then(refreshSessions);
  });
}

async function loadLists(): Promise<void> {
  await Promise.all([loadModels(), loadTools()]);
}

async function loadModels(): Promise<void> {
  // A server without the list has one model, its own: there is nothing to choose.
  models.value = await listModels().catch(() => []);
}

export async function loadTools(): Promise<void> {
  try {
    tools.value = await listTools();
    toolsProblem.value = undefined;
  } catch (error) {
    toolsProblem.value = explain(error).title;
  }
}
