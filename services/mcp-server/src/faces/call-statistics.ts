/** `success`; `error`: it ran and failed; `failed`: it did not run. */
export type CallOutcome = 'success' | 'error' | 'failed';

export interface CallStatisticsOptions {
  /** Latest durations kept for each tool. Default 1 000. */
  readonly windowSize?: number;
  /** Tools kept, those called last. Default 1 000. */
  readonly maxTools?: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}

export interface ToolStatistics {
  readonly calls: number;
  /** Calls that failed or did not run. */
  readonly errors: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
}

export interface CallSnapshot {
  /** Calls of tools: all so far, those that run, and those that did not run. */
  readonly requests: { readonly total: number; readonly active: number; readonly failed: number };
  /** The tools that have been called, by name. */
  readonly tools: Readonly<Record<string, ToolStatistics>>;
}

/** Counts calls and measures their time. */
export interface CallStatistics {
  /** Starts the timer of a call; the returned function stops it, once. */
  startCall(tool: string): (outcome: CallOutcome) => void;
  snapshot(): CallSnapshot;
}

interface ToolRecord {
  calls: number;
  errors: number;
  /** The last durations, a ring; its first `Math.min(calls, length)` places are in use. */
  durations: Float64Array;
}

/** Rings start small: most tools are called seldom. */
const FIRST_SIZE = 16;

export function createCallStatistics(options: CallStatisticsOptions = {}): CallStatistics {
  const { windowSize = 1_000, maxTools = 1_000, now = () => performance.now() } = options;
  // In the order of their last call, the oldest first.
  const tools = new Map<string, ToolRecord>();
  let total = 0;
  let active = 0;
  let failed = 0;

  const recordOf = (tool: string): ToolRecord => {
    const known = tools.get(tool);
    const record = known ?? { calls: 0, errors: 0, durations: new Float64Array(Math.min(FIRST_SIZE, windowSize)) };
    tools.delete(tool);
    tools.set(tool, record);
    for (const oldest of tools.keys()) {
      if (tools.size <= maxTools) break;
      tools.delete(oldest);
    }
    return record;
  };

  const add = (record: ToolRecord, durationMs: number): void => {
    if (record.calls === record.durations.length && record.durations.length < windowSize) {
      const larger = new Float64Array(Math.min(windowSize, record.durations.length * 2));
      larger.set(record.durations);
      record.durations = larger;
    }
    record.durations[record.calls % record.durations.length] = durationMs;
    record.calls += 1;
  };

  return {
    startCall(tool) {
      const started = now();
      let isOver = false;
      total += 1;
      active += 1;
      return (outcome) => {
        if (isOver) return;
        isOver = true;
        active -= 1;
        if (outcome === 'failed') failed += 1;
        const record = recordOf(tool);
        add(record, now() - started);
        if (outcome !== 'success') record.errors += 1;
      };
    },
    snapshot: () => ({
      requests: { total, active, failed },
      tools: Object.fromEntries([...tools].map(([name, record]) => [name, summarize(record)])),
    }),
  };
}

function summarize({ calls, errors, durations }: ToolRecord): ToolStatistics {
  const sorted = durations.slice(0, Math.min(calls, durations.length)).sort();
  // The nearest rank: a measured duration rather than one between two.
  const percentile = (p: number): number => {
    const value = sorted[Math.ceil((p / 100) * sorted.length) - 1] ?? 0;
    return Math.round(value * 1_000) / 1_000;
  };
  return { calls, errors, p50_ms: percentile(50), p95_ms: percentile(95), p99_ms: percentile(99) };
}
