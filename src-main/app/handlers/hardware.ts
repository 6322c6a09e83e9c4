import type { EstimateDto, TrainInput } from '../../../src-shared/contract/training.ts';
import { isComposed } from '../../models/composed.ts';
import { familyOf } from '../../models/registry.ts';
import { type EngineContext, runJob } from '../context.ts';
import { hardwareOf } from '../hardware.ts';
import { historyOf } from '../histories.ts';
import type { EstimatePayload, Trial } from '../jobs/estimate.ts';
import type { Implementer } from '../rpc.ts';
import { planTraining } from '../trainPlan.ts';

/** A plan from what is known; with `trial`, one that a worker's trial then measures, unless it cannot be done anyway. */
async function estimate(
  context: EngineContext,
  input: TrainInput,
  wantsTrial: boolean,
  signal: AbortSignal | undefined,
): Promise<EstimateDto> {
  const { dataset } = historyOf(context, input.symbol, input.timeframe);
  const devices = await hardwareOf(context).devices();
  const request = { input, dataset, devices };
  const planned = planTraining(request);
  const hasSteps = !isComposed(input.family) && familyOf(input.family).fit === 'gradient';
  if (!wantsTrial || !hasSteps || planned.refusal !== null) return planned;
  const payload: EstimatePayload = { home: context.home, input, dataset };
  const trial = await runJob<Trial>(context, 'estimate', 'Measure a few steps', payload, signal);
  return planTraining({ ...request, trial });
}

/** What the machine has, and what a run would take of it. */
export function hardwareHandlers(os: Implementer, context: EngineContext) {
  return {
    hardware: os.training.hardware.handler(({ input }) => hardwareOf(context).devices(input.probe)),
    estimate: os.training.estimate.handler(({ input, signal }) =>
      estimate(context, input.input, input.trial, signal),
    ),
  };
}
