/** Every outcome of a decision. Those from `openLong` on are orders. */
export const VERDICT = {
  holdPosition: 0,
  noSignal: 1,
  noAtr: 2,
  belowThreshold: 3,
  stopTooNear: 4,
  sizeTooSmall: 5,
  blockedByNews: 6,
  blockedByRepair: 7,
  blockedByInterval: 8,
  blockedByAnomaly: 9,
  openLong: 10,
  openShort: 11,
  closeOpposite: 12,
  closeMaxHolding: 13,
} as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** True when a verdict asks for an order. */
export function isOrder(verdict: Verdict): boolean {
  return verdict >= VERDICT.openLong;
}
