/** Returns `task` with its latest result shared by all callers for `ms` milliseconds. A failure is not kept. */
export function cacheFor<T>(ms: number, task: () => Promise<T>): () => Promise<T> {
  let latest: { readonly result: Promise<T>; readonly until: number } | undefined;
  return () => {
    if (latest === undefined || performance.now() >= latest.until) {
      const result = task();
      latest = { result, until: performance.now() + ms };
      result.catch(() => {
        if (latest?.result === result) latest = undefined;
      });
    }
    return latest.result;
  };
}
