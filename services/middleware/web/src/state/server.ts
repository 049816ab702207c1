import { computed, signal } from '@preact/signals';
import { getHealth, type Health, listModels, listTools, type ModelEntry, type ToolEntry } from '../api/api.ts';
import { explain } from '../api/failures.ts';
import { refreshSessions } from './sessions.ts';
import { modelChoice } from './settings.ts';

const HEALTH_EVERY_MS = 15_000;

/** The result of the latest health check; undefined before the first. */
export const health = signal<Health | undefined>(undefined);
export const models = signal<readonly ModelEntry[]>([]);
export const tools = signal<readonly ToolEntry[]>([]);
/** The reason why the tools could not be loaded. */
export const toolsProblem = signal<string | undefined>(undefined);

/** The provider of the next answer, as far as is known. */
export const nextProvider = computed(() => modelChoice.value.provider ?? health.value?.provider);

export const isDemo = computed(() => nextProvider.value === 'demo');

/** Polls the server's health, and checks it at once when the tab comes back to the front. */
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
