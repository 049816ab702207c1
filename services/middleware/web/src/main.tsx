import { effect } from '@preact/signals';
import { render } from 'preact';
import { isKeyNeeded } from './api/send.ts';
import { watchAddress } from './state/app.ts';
import { watchServer } from './state/server.ts';
import { refreshSessions } from './state/sessions.ts';
import { App } from './views/shell/app.tsx';
import { watchKeyboard } from './views/shell/keyboard.ts';

const page = document.querySelector('#page');
if (page !== null) render(<App />, page);
watchAddress();
watchKeyboard();
watchServer();
// At once, and again when a key has been given.
effect(() => {
  if (!isKeyNeeded.value) void refreshSessions();
});
