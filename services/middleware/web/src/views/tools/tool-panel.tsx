import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ToolEntry } from '../../api/api.ts';
import { isToolPanelOpen } from '../../state/app.ts';
import { loadTools, tools, toolsProblem } from '../../state/server.ts';
import { disabledTools, toggleTool } from '../../state/settings.ts';
import { CloseButton } from '../parts/close-button.tsx';
import { FailureNote } from '../parts/failure-note.tsx';
import { Icon } from '../parts/icons.tsx';
import { matches, SearchField } from '../parts/search-field.tsx';
import { TryForm } from './try-form.tsx';

/** Lists the tools of the mesh, each with its description, its status, a switch for the model and a form to try it. */
export function ToolPanel() {
  const query = useSignal('');
  useEffect(() => void loadTools(), []);
  const shown = tools.value.filter(({ name, description }) => matches(`${name} ${description}`, query.value));
  return (
    <aside class="tool-panel" aria-label="Tools">
      <div class="panel-head">
        <h2>Tools</h2>
        <CloseButton label="Close tools" isOpen={isToolPanelOpen} />
      </div>
      <SearchField label="Search tools" query={query} />
      {toolsProblem.value !== undefined && (
        <FailureNote
          failure={{ title: 'Could not load the tools.', next: toolsProblem.value }}
          onRetry={() => void loadTools()}
        />
      )}
      {[...Map.groupBy(shown, ({ server }) => server)].map(([server, entries]) => (
        <section key={server} class="tool-group">
          <h3>{server}</h3>
          {entries.map((tool) => (
            <ToolRow key={tool.name} tool={tool} />
          ))}
        </section>
      ))}
      {toolsProblem.value === undefined && shown.length === 0 && <p class="hint">No tool matches.</p>}
    </aside>
  );
}

const STATUS_WORDS: Readonly<Record<string, string>> = { stale: 'may be offline', down: 'offline' };

function ToolRow({ tool }: { readonly tool: ToolEntry }) {
  const { name, description, status, statusReason, nature } = tool;
  const isOn = !disabledTools.value.has(name);
  return (
    <details class="tool-row" data-off={!isOn}>
      <summary>
        <span class="chevron">
          <Icon name="chevron" />
        </span>
        <span class="tool-name">{name}</span>
        {nature === 'destructive' && <span class="tag warn">makes changes</span>}
        {Object.hasOwn(STATUS_WORDS, status) && <span class="tag warn">{STATUS_WORDS[status]}</span>}
      </summary>
      <p>{description}</p>
      {statusReason !== undefined && <p class="hint">{statusReason}</p>}
      <label class="switch">
        <input type="checkbox" checked={isOn} onChange={() => toggleTool(name)} />
        <span>Available to the model</span>
      </label>
      <TryForm tool={tool} />
    </details>
  );
}
