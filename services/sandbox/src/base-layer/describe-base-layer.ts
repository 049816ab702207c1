import type { CheckNote } from '@toolmesh/shared/kit/http/readiness';
import type { BaseLayerStatus } from './base-layer.ts';

const SECOND_MS = 1_000;

/** Describes the base layer for `/ready`: programs run without it meanwhile, so it is never what makes the service unready. */
export function checkOfBaseLayer({ state, ready, missing }: BaseLayerStatus): CheckNote {
  switch (state.phase) {
    case 'complete':
      return { detail: `complete: ${ready.join(', ')}` };
    case 'building':
      return {
        detail: `preparing data libraries: ${state.percent} %${state.set === undefined ? '' : ` (${state.set})`}`,
      };
    case 'off':
      return { detail: `without ${missing.join(', ')}: npm run python-layer adds them` };
    case 'failed': {
      const next = state.retryMs === undefined ? '' : `; tried again in ${Math.ceil(state.retryMs / SECOND_MS)} s`;
      return { degraded: `data libraries are missing (${missing.join(', ')}): ${state.reason}${next}` };
    }
  }
}

/** Describes the base layer for `/health`, without reasons, which strangers need not know. */
export const describeBaseLayer = ({ state, ready, missing }: BaseLayerStatus) => ({
  state: state.phase,
  percent: state.phase === 'complete' ? 100 : 'percent' in state ? state.percent : percentOf(ready, missing),
  sets: ready,
});

const percentOf = (ready: readonly string[], missing: readonly string[]): number =>
  Math.floor((100 * ready.length) / (ready.length + missing.length));
