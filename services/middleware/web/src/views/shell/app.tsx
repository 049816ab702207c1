import { useEffect } from 'preact/hooks';
import { conversation, isSidebarOpen, isToolPanelOpen } from '../../state/app.ts';
import { isKeyNeeded } from '../../api/send.ts';
import { Announcer } from './announcer.tsx';
import { Composer } from '../chat/composer.tsx';
import { Header } from './header.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { Sidebar } from './sidebar.tsx';
import { titleOf } from './title.ts';
import { ToolPanel } from '../tools/tool-panel.tsx';
import { Transcript } from '../chat/transcript.tsx';

/** The page. */
export function App() {
  const { id } = conversation.value;
  const title = titleOf(conversation.value);
  useEffect(() => {
    document.title = title === undefined ? 'Toolmesh' : `${title} · Toolmesh`;
  }, [title]);
  return (
    <div class="app" data-sidebar={isSidebarOpen.value ? 'open' : 'closed'}>
      <Sidebar />
      <button
        type="button"
        class="backdrop"
        tabIndex={-1}
        aria-label="Close chats"
        onClick={() => {
          isSidebarOpen.value = false;
        }}
      />
      <main class="chat">
        <Header title={title} />
        <Transcript key={id} />
        <Composer />
      </main>
      {isToolPanelOpen.value && <ToolPanel />}
      {isKeyNeeded.value && <KeyDialog />}
      <Announcer />
    </div>
  );
}
