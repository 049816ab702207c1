import { health } from '../../state/server.ts';

const WORDS = { healthy: 'Connected', degraded: 'Partly working', unreachable: 'Not connected', unknown: 'Connecting' };

/** Shows the state of the server as a dot, and the reasons on demand. */
export function Connection() {
  const state = health.value?.state ?? 'unknown';
  const { provider, reason, preparing, troubles = [] } = health.value ?? {};
  return (
    <>
      <button
        type="button"
        class="icon-button connection"
        aria-label={`Connection: ${WORDS[state]}`}
        title={WORDS[state]}
        popovertarget="connection-menu"
      >
        <span class="dot" data-state={state} />
      </button>
      <div id="connection-menu" class="menu" popover>
        <p class="menu-title">
          <span class="dot" data-state={state} /> {WORDS[state]}
        </p>
        {troubles.map((trouble) => (
          <p>{trouble}</p>
        ))}
        {preparing !== undefined && <p class="muted">Preparing data libraries {preparing} %</p>}
        {provider !== undefined && (
          <p class="muted">
            Model: {provider}
            {reason === undefined ? '' : ` – ${reason}`}
          </p>
        )}
        {state === 'unreachable' && <p class="muted">Check that Toolmesh is still running (npm start).</p>}
      </div>
    </>
  );
}
