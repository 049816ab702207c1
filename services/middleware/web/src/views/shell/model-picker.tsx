import { health, models } from '../../state/server.ts';
import { modelChoice } from '../../state/settings.ts';

const PROVIDERS = ['openai', 'ollama', 'demo'];
const NAMES: Readonly<Record<string, string>> = {
  openai: 'OpenAI',
  ollama: 'Ollama',
  demo: 'Demo (no language model)',
  other: 'Other',
};

/** Two names in one value of the list; neither can hold a line break. */
const valueOf = (provider: string | undefined, model: string | undefined): string =>
  `${provider ?? ''}\n${model ?? ''}`;

/** Lets the user choose the model: the server's default, or one of those that it lists. */
export function ModelPicker() {
  const chosen = modelChoice.value;
  const groups = groupsOf();
  const value = valueOf(chosen.provider, chosen.model);
  const isListed =
    value === valueOf(undefined, undefined) ||
    groups.some(([, entries]) => entries.some((entry) => entry.value === value));
  const choose = (picked: string) => {
    const [provider, model] = picked.split('\n');
    modelChoice.value = { provider: provider || undefined, model: model || undefined };
  };
  return (
    <label class="model-picker">
      <span class="offscreen">Model</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value={valueOf(undefined, undefined)}>Automatic{automatic()}</option>
        {!isListed && <option value={value}>{chosen.model ?? chosen.provider} (unavailable)</option>}
        {groups.map(([provider, entries]) => (
          <optgroup label={NAMES[provider] ?? provider}>
            {entries.map((entry) => (
              <option value={entry.value}>{entry.label}</option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/** `ollama/qwen3` stands below Ollama already. */
const labelOf = (id: string, provider = ''): string =>
  id.startsWith(`${provider}/`) ? id.slice(provider.length + 1) : id;

const automatic = (): string => (health.value?.provider === undefined ? '' : ` (${health.value.provider})`);

function groupsOf(): readonly (readonly [string, readonly { value: string; label: string }[]])[] {
  const groups = new Map<string, { value: string; label: string }[]>();
  for (const { id, provider } of models.value) {
    const known = provider !== undefined && PROVIDERS.includes(provider) ? provider : undefined;
    const group = groups.get(known ?? 'other') ?? [];
    groups.set(known ?? 'other', [...group, { value: valueOf(known, id), label: labelOf(id, known) }]);
  }
  return [...groups];
}
