/** The time for which a background tab, which draws no frames, gathers changes. */
const HIDDEN_MS = 250;

/** Runs `task` at most once per frame, however often it is asked for; `now` runs it at once. */
export function eachFrame(task: () => void): { soon(): void; now(): void } {
  let isDue = false;
  const run = () => {
    if (!isDue) return;
    isDue = false;
    task();
  };
  return {
    soon() {
      if (isDue) return;
      isDue = true;
      if (document.hidden) setTimeout(run, HIDDEN_MS);
      else requestAnimationFrame(run);
    },
    now() {
      isDue = false;
      task();
    },
  };
}
