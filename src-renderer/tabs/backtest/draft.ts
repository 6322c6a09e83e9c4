import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { EntryRules } from '../../../src-shared/contract/backtest.ts';
import type { SpanName } from '../../../src-shared/contract/common.ts';
import { workspace } from '../../state/workspace.ts';
import { draftOf, type EntryRulesDraft, NO_RULES, rulesOf } from '../../ui/entryRules.ts';
import type { Edited } from '../../ui/FieldInputs.tsx';
import {
  COST_FIELDS,
  type CostsDto,
  fieldProblem,
  GENE_FIELDS,
  type GenesDto,
  toEdited,
  toStored,
} from '../../ui/genes.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';

/** The run that is being prepared. It lives outside the tab, so that leaving the tab loses nothing. */
export interface BacktestDraft {
  /** Model that the values were filled in for. */
  readonly modelId: string | undefined;
  readonly span: SpanName;
  readonly genes: Edited<keyof GenesDto> | undefined;
  readonly costs: Edited<keyof CostsDto> | undefined;
  readonly rules: EntryRulesDraft;
  /** What the gene inputs were filled with, in full: they show fewer digits than a study found. */
  readonly filledGenes: GenesDto | undefined;
  /** Where the genes come from when not from the defaults, e.g. `trial 123 of a study`. */
  readonly origin: string | undefined;
  readonly running: { readonly startedMs: number; readonly abort: AbortController } | undefined;
  readonly error: unknown;
  /** Result that is shown next to the chosen one. */
  readonly compareId: string | undefined;
}

const EMPTY: BacktestDraft = {
  modelId: undefined,
  span: 'test',
  genes: undefined,
  costs: undefined,
  rules: NO_RULES,
  filledGenes: undefined,
  origin: undefined,
  running: undefined,
  error: undefined,
  compareId: undefined,
};

export const backtestDraft = createStore<BacktestDraft>(() => EMPTY);

/** The draft, or a part of it. */
export function useBacktestDraft<T>(select: (draft: BacktestDraft) => T): T {
  return useStore(backtestDraft, select);
}

/** Genes as they stand in the inputs. */
export function editedGenes(genes: GenesDto): Edited<keyof GenesDto> {
  return Object.fromEntries(GENE_FIELDS.map((f) => [f.key, toEdited(f, genes[f.key])])) as Edited<
    keyof GenesDto
  >;
}

/** Costs as they stand in the inputs. */
export function editedCosts(costs: CostsDto): Edited<keyof CostsDto> {
  return Object.fromEntries(COST_FIELDS.map((f) => [f.key, toEdited(f, costs[f.key] ?? 0)])) as Edited<
    keyof CostsDto
  >;
}

/**
 * The genes behind the inputs; undefined while one of them is not usable. An input that was not touched stands for
 * the value it was filled with, not for the digits it shows: the point of a study is run as the study ran it.
 */
export function storedGenes(
  edited: Edited<keyof GenesDto>,
  filled?: GenesDto | undefined,
): GenesDto | undefined {
  if (GENE_FIELDS.some((f) => fieldProblem(f, edited[f.key]))) return undefined;
  const stored = GENE_FIELDS.map((f) => {
    const shown = Number(edited[f.key]);
    return [f.key, filled && toEdited(f, filled[f.key]) === shown ? filled[f.key] : toStored(f, shown)];
  });
  return Object.fromEntries(stored) as GenesDto;
}

/** The costs behind the inputs; undefined while one of them is not usable. */
export function storedCosts(edited: Edited<keyof CostsDto>): CostsDto | undefined {
  if (COST_FIELDS.some((f) => fieldProblem(f, edited[f.key]))) return undefined;
  const entries = COST_FIELDS.map((f) => [f.key, toStored(f, Number(edited[f.key]))] as const);
  // No rate and a rate of 0 are one cost model; the first is how the engine writes it, and how it hashes it.
  return Object.fromEntries(
    entries.filter(([key, value]) => key !== 'commissionRate' || value !== 0),
  ) as CostsDto;
}

/** Fills in the defaults of a model. Genes that were brought along for this very model stay. */
export function fillDefaults(modelId: string, genes: GenesDto, costs: CostsDto): void {
  backtestDraft.setState((was) =>
    was.modelId === modelId
      ? {
          ...(was.genes ? {} : { genes: editedGenes(genes), filledGenes: genes }),
          costs: was.costs ?? editedCosts(costs),
        }
      : {
          modelId,
          genes: editedGenes(genes),
          filledGenes: genes,
          costs: editedCosts(costs),
          origin: undefined,
          error: undefined,
        },
  );
}

/** Opens the Backtest tab with genes and entry rules of a study. Costs are the model's defaults, as in the study. */
export function openBacktestWith(modelId: string, genes: GenesDto, rules: EntryRules, origin: string): void {
  backtestDraft.setState({
    modelId,
    genes: editedGenes(genes),
    filledGenes: genes,
    costs: undefined,
    rules: draftOf(rules),
    origin,
    span: 'test',
    error: undefined,
  });
  workspace.getState().setModelId(modelId);
  workspace.getState().setTab('backtest');
}

/** Runs the draft and chooses its result. Does nothing while a run is under way or an input is not usable. */
export async function runDraft(nowMs: number): Promise<void> {
  const { modelId, span, genes, filledGenes, costs, rules, running } = backtestDraft.getState();
  const input = {
    genes: genes && storedGenes(genes, filledGenes),
    costs: costs && storedCosts(costs),
    rules: rulesOf(rules),
  };
  if (running || modelId === undefined || !input.genes || !input.costs || !input.rules) return;
  const abort = new AbortController();
  backtestDraft.setState({ running: { startedMs: nowMs, abort }, error: undefined });
  try {
    const request = { modelId, span, genes: input.genes, costs: input.costs, ...input.rules };
    const result = await rpc.backtest.run(request, { signal: abort.signal });
    workspace.getState().setBacktestId(result.id);
    invalidate('backtest.list');
  } catch (error) {
    if (!abort.signal.aborted) backtestDraft.setState({ error });
  } finally {
    backtestDraft.setState({ running: undefined });
  }
}
