/** The factor between our estimates and a model's own token counts. */
export interface Calibration {
  readonly factor: number;
  /** Learns from a request that was estimated and then counted by the model. */
  learn(estimated: number, counted: number): void;
  /** Raises the factor after the model refused a request that was estimated to fit. */
  tooLow(): void;
}

const LOWEST = 0.6;
const HIGHEST = 4;
const WEIGHT_OF_NEW = 0.3;

export function createCalibration(): Calibration {
  let factor = 1;
  const set = (to: number) => {
    factor = Math.min(HIGHEST, Math.max(LOWEST, to));
  };
  return {
    get factor() {
      return factor;
    },
    learn(estimated, counted) {
      // A server that counts only what it had not cached, or that has cut the prompt, says nothing of its length.
      if (estimated < MIN_LEARNT_TOKENS || counted < estimated * 0.4) return;
      set(factor + WEIGHT_OF_NEW * (counted / estimated - factor));
    },
    tooLow: () => set(factor * 1.25),
  };
}

/** In less than this, what a template adds outweighs the text. */
const MIN_LEARNT_TOKENS = 200;
