import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { duration } from '../parts/amounts.ts';

const TICK_MS = 100;

interface ElapsedProps {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Shorter waits are not worth a figure. */
  readonly fromMs?: number;
}

/** Shows the time since a moment, as it passes. */
export function Elapsed({ since, fromMs = 0 }: ElapsedProps) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const passed = Math.max(0, now.value - since);
  return <span class="elapsed">{passed < fromMs ? '' : duration(passed)}</span>;
}
