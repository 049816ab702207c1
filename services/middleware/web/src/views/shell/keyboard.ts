import { conversation, isSidebarOpen, isToolPanelOpen, startNew } from '../../state/app.ts';

/** Keys that work wherever the focus is: Escape stops or closes, Ctrl or Cmd and K starts a new chat. */
export function watchKeyboard(): void {
  addEventListener('keydown', (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      startNew();
      document.querySelector<HTMLElement>('#composer')?.focus();
    } else if (event.key === 'Escape') onEscape();
  });
}

function onEscape(): void {
  if (document.querySelector('dialog[open], :popover-open') !== null) return;
  if (conversation.value.phase.value === 'running') conversation.value.stop();
  else if (isSidebarOpen.value) isSidebarOpen.value = false;
  else isToolPanelOpen.value = false;
}
