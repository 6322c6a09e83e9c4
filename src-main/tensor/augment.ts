/** Random changes of the training windows; validation sees the windows as they are. */
export interface AugmentSettings {
  /** Standard deviation of noise added to the scaled features. */
  readonly noise: number;
  /** Largest stretch or squeeze of the window's time, as a share of its length. */
  readonly timeWarp: number;
  /** Largest uniform change of the target either way. */
  readonly spread: number;
}
