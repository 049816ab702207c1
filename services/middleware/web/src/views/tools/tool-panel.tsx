import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ToolEntry } from '../../api/api.ts';
import { isToolPanelOpen } from '../../state/app.ts';
import { loadTools, tools, toolsProblem } from '../../state/server.ts';
import { disabledTools, toggleTool } from '../../state/settings.ts';
import { Icon, IconButton } from '../parts/icons.tsx';
import { TryForm } from './try-form.tsx';

/** The tools of the mesh: what each does, whether it is there, whether the model may use it, and a form to try it. */
export function ToolPanel() {
  const wanted = useSignal('');
  useEffect(() => void loadTools(), []);
  const words = wanted.value.trim().toLowerCase();
  const shown = tools.value.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(words));
  return (
    <aside class="tool-panel" aria-label="Tools">
      <div class="panel-head">
        <h2>Tools</h2>
        <IconButton
          icon="cross"
          label="Close the tools"
          onClick={() => {
            isToolPanelOpen.value = false;
          }}
        />
      </div>
      <label class="search">
        <Icon name="search" />
        <input
          type="search"
          placeholder="Search tools"
          aria-label="Search tools"
          value={wanted.value}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
          }}
        />
      </label>
      {toolsProblem.value !== undefined && (
        <div class="failure" role="alert">
          <p>
            <strong>The tools cannot be listed.</strong> {toolsProblem.value}
          </p>
          <button type="button" class="small" onClick={() => void loadTools()}>
            <Icon name="retry" /> Try again
          </button>
        </div>
      )}
      {[...Map.groupBy(shown, ({ server }) => server)].map(([server, entries]) => (
        <section key={server} class="tool-group">
          <h3>{server}</h3>
          {entries.map((tool) => (
            <ToolRow key={tool.name} tool={tool} />
          ))}
        </section>
      ))}
      {toolsProblem.value === undefined && shown.length === 0 && <p class="hint">No tool is called so.</p>}
    </aside>
  );
}

const STATUS_WORDS: Readonly<Record<string, string>> = { stale: 'may be away', down: 'away' };

function ToolRow({ tool }: { readonly tool: ToolEntry }) {
  const { name, description, status, nature } = tool;
  const isOn = !disabledTools.value.has(name);
  return (
    <details class="tool-row" data-off={!isOn}>
      <summary>
        <span class="chevron">
          <Icon name="chevron" />
        </span>
        <span class="tool-name">{name}</span>
        {nature === 'destructive' && <span class="tag warn">changes things</span>}
        {Object.hasOwn(STATUS_WORDS, status) && <span class="tag warn">{STATUS_WORDS[status]}</span>}
      </summary>
      <p>{description}</p>
      <label class="switch">
        <input type="checkbox" checked={isOn} onChange={() => toggleTool(name)} />
        <span>The model may use it</span>
      </label>
      <TryForm tool={tool} />
    </details>
  );
}
