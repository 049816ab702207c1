import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { giveKey } from '../../api/send.ts';

/** Asks for the server's key. The key stays in this tab and is sent to that server only. */
export function KeyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const key = useSignal('');
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="key-dialog" aria-labelledby="key-title">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (key.value.trim() !== '') giveKey(key.value.trim());
        }}
      >
        <h2 id="key-title">This server requires a key</h2>
        <p>Enter the API_KEY that Toolmesh was started with. It is kept until you close this tab.</p>
        <input
          type="password"
          aria-label="Key"
          autocomplete="current-password"
          autofocus
          value={key.value}
          onInput={(event) => {
            key.value = event.currentTarget.value;
          }}
        />
        <div class="buttons">
          <button type="submit" class="primary" disabled={key.value.trim() === ''}>
            Continue
          </button>
        </div>
      </form>
    </dialog>
  );
}
