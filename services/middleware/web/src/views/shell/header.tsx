import { exportSession } from '../../api/api.ts';
import { explain } from '../../api/failures.ts';
import { announce } from '../../state/announcements.ts';
import { conversation, isSidebarOpen, isToolPanelOpen } from '../../state/app.ts';
import { isDemo } from '../../state/server.ts';
import { isKept } from '../../state/sessions.ts';
import { Connection } from './connection.tsx';
import { download } from '../parts/download.ts';
import { Icon, IconButton } from '../parts/icons.tsx';
import { ModelPicker } from './model-picker.tsx';

export const Header = ({ title }: { readonly title: string | undefined }) => (
  <header class="header">
    <IconButton
      icon="menu"
      label="Show chats"
      class="only-narrow"
      onClick={() => {
        isSidebarOpen.value = true;
      }}
    />
    <h1 class="title" title={title ?? ''}>
      {title ?? 'New chat'}
    </h1>
    {isDemo.value && (
      <span class="demo-badge" title="Rules answer here, not a language model. They call the real tools.">
        Demo<span> – no language model</span>
      </span>
    )}
    <ModelPicker />
    {isKept.value && conversation.value.turns.value.length > 0 && <ExportMenu />}
    <IconButton
      icon="tool"
      label="Tools"
      pressed={isToolPanelOpen.value}
      onClick={() => {
        isToolPanelOpen.value = !isToolPanelOpen.value;
      }}
    />
    <Connection />
  </header>
);

const ExportMenu = () => (
  <>
    <button type="button" class="icon-button" aria-label="Export" title="Export" popovertarget="export-menu">
      <Icon name="export" />
    </button>
    <div id="export-menu" class="menu" popover>
      <button type="button" onClick={() => void save('markdown')}>
        Export as Markdown
      </button>
      <button type="button" onClick={() => void save('json')}>
        Export as JSON
      </button>
    </div>
  </>
);

async function save(format: 'markdown' | 'json'): Promise<void> {
  document.querySelector<HTMLElement>('#export-menu')?.hidePopover();
  const { id } = conversation.value;
  try {
    download(await exportSession(id, format), `chat-${id.slice(0, 8)}.${format === 'json' ? 'json' : 'md'}`);
    announce('Chat exported');
  } catch (error) {
    announce(`The chat could not be exported: ${explain(error).title}`);
  }
}
