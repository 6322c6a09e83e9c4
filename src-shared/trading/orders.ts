/** Orders: how an intent becomes one, and which are refused (docs/spec/orders.md). */
import { TOUCH_TOLERANCE_PIPS } from './pricing.ts';
import { roundVolumeDown } from './sizing.ts';
import type { Intent, OpenPosition, OrderRequest, Side, VenueSpec } from './types.ts';

/** What an order needs besides the intent. */
export interface OrderContext {
  /** Unique for ever; a repeated one is refused as duplicate. */
  readonly clientOrderId: string;
  readonly symbol: string;
  /** Needed for a close: the position it names. */
  readonly position: Pick<OpenPosition, 'id' | 'direction' | 'volumeLots'> | undefined;
  readonly createdMs: number;
}

/** The side that opens a direction. */
export function openingSide(direction: 'long' | 'short'): Side {
  return direction === 'long' ? 'buy' : 'sell';
}

/** The side that closes a direction. */
export function closingSide(direction: 'long' | 'short'): Side {
  return direction === 'long' ? 'sell' : 'buy';
}

/**
 * The market order that carries out an intent.
 * @returns undefined for a close with no position: there is nothing to do
 */
export function orderFromIntent(intent: Intent, context: OrderContext): OrderRequest | undefined {
  const { clientOrderId, symbol, position, createdMs } = context;
  if (intent.type === 'open') {
    return {
      clientOrderId,
      symbol,
      side: openingSide(intent.direction),
      type: 'market',
      volumeLots: intent.volumeLots,
      purpose: { kind: 'open' },
      stopDistance: intent.stopDistance,
      targetDistance: intent.targetDistance,
      createdMs,
    };
  }
  if (position === undefined) return undefined;
  return {
    clientOrderId,
    symbol,
    side: closingSide(position.direction),
    type: 'market',
    volumeLots: position.volumeLots,
    purpose: { kind: 'close', positionId: position.id, reason: intent.reason },
    createdMs,
  };
}

function volumeFault(volumeLots: number, spec: VenueSpec): string | undefined {
  const { minVolumeLots, volumeStepLots } = spec.instrument;
  if (!(Number.isFinite(volumeLots) && volumeLots >= minVolumeLots - 1e-12)) {
    return `volume ${volumeLots} is below the minimum of ${minVolumeLots} lots`;
  }
  if (Math.abs(roundVolumeDown(volumeLots, spec.instrument) - volumeLots) > 1e-9) {
    return `volume ${volumeLots} is not a multiple of the step of ${volumeStepLots} lots`;
  }
  return undefined;
}

/**
 * ORD-5: the nearest stop a venue takes. Anything nearer than spread and entry slippage would be hit by the
 * fill itself; two tolerances of a touch keep rounding from doing the same.
 */
export function minStopDistance(spec: VenueSpec): number {
  const { spreadPips, slippagePips } = spec.costs;
  return (spreadPips + slippagePips + 2 * TOUCH_TOLERANCE_PIPS) * spec.instrument.pipSize;
}

/** ORD-3 to ORD-6: why an opening order is refused; undefined when it is sound. */
export function openFault(order: OrderRequest, spec: VenueSpec): string | undefined {
  const volume = volumeFault(order.volumeLots, spec);
  if (volume !== undefined) return volume;
  const { stopDistance, targetDistance } = order;
  if (stopDistance === undefined) return 'an opening order needs a stop';
  if (!(Number.isFinite(stopDistance) && stopDistance > minStopDistance(spec))) {
    return `stop distance ${stopDistance} does not exceed spread and slippage`;
  }
  if (targetDistance !== undefined && !(Number.isFinite(targetDistance) && targetDistance > 0)) {
    return `target distance ${targetDistance} is not above zero`;
  }
  return undefined;
}

/** ORD-7: why a closing order is refused against the position there is; undefined when it fits. */
export function closeFault(order: OrderRequest, position: OpenPosition | undefined): string | undefined {
  if (order.purpose.kind !== 'close') return undefined;
  if (position === undefined || position.id !== order.purpose.positionId) {
    return `position ${order.purpose.positionId} is not open`;
  }
  if (order.side !== closingSide(position.direction))
    return `a ${order.side} does not close a ${position.direction}`;
  if (Math.abs(order.volumeLots - position.volumeLots) > 1e-9) {
    return `closing ${order.volumeLots} of ${position.volumeLots} lots: only whole positions are closed`;
  }
  return undefined;
}
