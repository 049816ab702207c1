/** The start of the first program, in milliseconds; set when the isolate begins to serve. */
let startedAt = 0;

export function startClock(): void {
  startedAt = Date.now();
}

/** The part of Node's `performance` that a clock of milliseconds can give. */
export const performance = {
  get timeOrigin(): number {
    return startedAt;
  },
  now: (): number => Date.now() - startedAt,
  mark: (name: string) => ({ name, entryType: 'mark', startTime: Date.now() - startedAt, duration: 0 }),
  measure: (name: string) => ({ name, entryType: 'measure', startTime: 0, duration: Date.now() - startedAt }),
  getEntriesByName: (): readonly unknown[] => [],
  getEntriesByType: (): readonly unknown[] => [],
  clearMarks: (): void => {},
  clearMeasures: (): void => {},
  timerify: (call: unknown): unknown => call,
  toJSON: () => ({ timeOrigin: startedAt }),
};
