import { describe, expect, it } from 'vitest';
import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import { type DrawingApi, Drawings } from './drawingStore.ts';

/** Keeps drawings as the engine does; fails on demand, answers when told to. */
class Keeper implements DrawingApi {
  readonly kept = new Map<string, Drawing>();
  readonly calls: string[] = [];
  failing = false;
  gate: Promise<void> = Promise.resolve();
  #next = 1;

  async list(symbol: string) {
    await this.gate;
    return [...this.kept.values()].filter((d) => d.symbol === symbol);
  }
  async save(drawing: Omit<Drawing, 'id'> & { id?: string }) {
    await this.gate;
    this.calls.push(`save ${drawing.id ?? 'new'}`);
    if (this.failing) throw new Error('not kept');
    const saved = { ...drawing, id: drawing.id ?? `d${this.#next++}` };
    this.kept.set(saved.id, saved);
    return saved;
  }
  async remove(id: string) {
    await this.gate;
    this.calls.push(`remove ${id}`);
    if (this.failing) throw new Error('not removed');
    this.kept.delete(id);
  }
}

const line = (price: number): Omit<Drawing, 'id'> => ({
  symbol: 'EURUSD',
  kind: 'horizontal',
  points: [{ timeMs: 1, price }],
  color: '#5b93f2',
});

function world() {
  const keeper = new Keeper();
  const errors: unknown[] = [];
  const drawings = new Drawings(keeper, { magnet: false, color: '#5b93f2' }, (e) => errors.push(e));
  const prices = () => drawings.of('EURUSD').map((d) => d.points[0]!.price);
  const kept = () => [...keeper.kept.values()].map((d) => d.points[0]!.price);
  return { keeper, errors, drawings, prices, kept };
}
const priced = (d: Drawing, price: number): Drawing => ({ ...d, points: [{ timeMs: 1, price }] });

describe('drawings', () => {
  it('DRAW-5: are added, changed and removed on the screen and in the engine', async () => {
    const { drawings, prices, kept } = world();
    const made = (await drawings.add(line(1)))!;
    expect(drawings.store.getState().chosen).toBe(made.id);
    await drawings.change(made, priced(made, 2));
    expect([prices(), kept()]).toEqual([[2], [2]]);
    await drawings.remove(made.id);
    expect([prices(), kept()]).toEqual([[], []]);
    expect(drawings.store.getState().chosen).toBeUndefined();
  });

  it('DRAW-6: undo takes the changes of a symbol back, the newest first, down to nothing', async () => {
    const { drawings, prices, kept } = world();
    const made = (await drawings.add(line(1)))!;
    await drawings.change(made, priced(made, 2));
    await drawings.remove(made.id);
    const seen: number[][] = [];
    while (await drawings.undo('EURUSD')) seen.push(prices());
    expect(seen).toEqual([[2], [1], []]);
    expect(kept()).toEqual([]);
    expect(await drawings.undo('EURUSD')).toBe(false);
  });

  it('DRAW-6: undo leaves other symbols alone', async () => {
    const { drawings, keeper } = world();
    await drawings.add(line(1));
    await drawings.add({ ...line(5), symbol: 'GBPUSD' });
    await drawings.undo('EURUSD');
    expect([...keeper.kept.values()].map((d) => d.symbol)).toEqual(['GBPUSD']);
  });

  it('DRAW-5: what the engine refuses is shown as it was, and said', async () => {
    const { drawings, keeper, errors, prices } = world();
    const made = (await drawings.add(line(1)))!;
    keeper.failing = true;
    await drawings.change(made, priced(made, 2));
    expect(prices()).toEqual([1]);
    await drawings.remove(made.id);
    expect(prices()).toEqual([1]);
    expect(await drawings.add(line(7))).toBeUndefined();
    expect(prices()).toEqual([1]);
    expect(errors).toHaveLength(3);
  });

  it('DRAW-5: writes arrive in the order they were made in, and a list asked for meanwhile undoes nothing', async () => {
    const { drawings, keeper, prices } = world();
    const made = (await drawings.add(line(1)))!;
    let open = () => {};
    keeper.gate = new Promise((resolve) => {
      open = resolve;
    });
    const stale = drawings.load('EURUSD');
    const writes = [
      drawings.change(made, priced(made, 2)),
      drawings.change(priced(made, 2), priced(made, 3)),
      drawings.remove(made.id),
    ];
    expect(prices()).toEqual([]);
    open();
    await Promise.all([stale, ...writes]);
    expect(prices()).toEqual([]);
    expect(keeper.calls).toEqual(['save new', 'save d1', 'save d1', 'remove d1']);
  });

  it('DRAW-7: a list that was loaded anew drops what is gone, and the choice of it', async () => {
    const { drawings, keeper, prices } = world();
    const made = (await drawings.add(line(1)))!;
    keeper.kept.delete(made.id);
    await drawings.load('EURUSD');
    expect(prices()).toEqual([]);
    expect(drawings.store.getState().chosen).toBeUndefined();
  });
});
