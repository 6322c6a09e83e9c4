import { Slider, Switch } from '@mantine/core';
import { formatNumber } from '../../../ui/format.ts';
import { setAutoBatch, useEstimate } from '../estimate.ts';
import { ExplainedRow, Field } from '../Field.tsx';
import { isComputedAtOnce } from '../queries.ts';
import { SchedulePreview } from '../SchedulePreview.tsx';
import { setField, useTraining } from '../trainingStore.ts';
import type { SectionProps } from './section.ts';

/** Powers of two from 4 to 65 536. */
const LEAST = 2;
const MOST = 16;

function BatchSlider() {
  const batch = useTraining((s) => Number(s.draft.batch));
  const auto = useTraining((s) => s.autoBatch);
  const place = Math.min(MOST, Math.max(LEAST, Math.log2(batch) || LEAST));
  return (
    <Slider
      thumbLabel="Batch size slider"
      min={LEAST}
      max={MOST}
      step={1}
      value={place}
      disabled={auto}
      label={(v) => formatNumber(2 ** v)}
      marks={[2, 4, 6, 8, 10, 12, 14, 16].map((v) => ({
        value: v,
        label: v < 10 ? 2 ** v : `${2 ** (v - 10)}k`,
      }))}
      onChange={(v) => setField('batch', 2 ** v)}
    />
  );
}

function EffectiveBatch() {
  const { batch, accumulation, devices } = useTraining((s) => s.draft);
  const parts = [Number(batch), Number(accumulation), Number(devices)];
  const known = parts.every((v) => Number.isFinite(v) && v > 0);
  return (
    <p className="ft-form-note ft-num" data-testid="effective-batch">
      Effective batch: {known ? <strong>{formatNumber(parts.reduce((a, b) => a * b, 1))}</strong> : '–'}{' '}
      windows ({formatNumber(parts[0])} × {formatNumber(parts[1])} accumulated × {formatNumber(parts[2])}{' '}
      {parts[2] === 1 ? 'device' : 'devices'})
    </p>
  );
}

function Batch({ errors }: Pick<SectionProps, 'errors'>) {
  const auto = useTraining((s) => s.autoBatch);
  const { estimate } = useEstimate();
  return (
    <section>
      <h3 className="ft-config-title">Batch</h3>
      <div className="ft-batch">
        <div className="ft-batch-numbers">
          <Field name="batch" errors={errors} place="all" disabled={auto} />
          <Field name="accumulation" errors={errors} place="all" />
        </div>
        <div className="ft-batch-slide">
          <BatchSlider />
        </div>
        <Switch
          label="Auto"
          title="Takes the batch that fits the memory of the device best"
          checked={auto}
          onChange={(e) => setAutoBatch(e.currentTarget.checked)}
        />
      </div>
      <EffectiveBatch />
      {auto && (
        <p className="ft-form-note">
          {estimate
            ? `Auto takes ${formatNumber(estimate.autoBatch)} for this device.`
            : 'Auto waits for the estimate.'}
        </p>
      )}
    </section>
  );
}

function Rate({ errors }: Pick<SectionProps, 'errors'>) {
  return (
    <section>
      <h3 className="ft-config-title">Learning rate</h3>
      <div className="ft-rate">
        <div className="ft-rate-fields">
          <Field name="learningRate" errors={errors} place="all" />
          <Field name="schedule" errors={errors} place="all" />
          <Field name="warmupSteps" errors={errors} place="all" />
        </div>
        <SchedulePreview />
      </div>
    </section>
  );
}

/** How the model is fitted. */
export function LearningSection({ family, errors }: SectionProps) {
  const optimizer = useTraining((s) => s.draft.optimizer);
  if (family && isComputedAtOnce(family)) {
    return (
      <section>
        <h3 className="ft-config-title">Learning</h3>
        <p className="ft-form-note">
          {family.title} is computed at once: batch, learning rate, optimiser and epochs have no effect. What
          can be set is among the settings of the model.
        </p>
        <ExplainedRow name="seed" error={errors.seed} />
      </section>
    );
  }
  return (
    <>
      <section>
        <h3 className="ft-config-title">Length</h3>
        <div className="ft-form-row">
          <Field name="epochs" errors={errors} place="all" />
          <Field name="patience" errors={errors} place="all" />
          <Field name="keepCheckpoints" errors={errors} place="all" />
          <Field name="seed" errors={errors} place="all" />
        </div>
      </section>
      <Batch errors={errors} />
      <Rate errors={errors} />
      <section>
        <h3 className="ft-config-title">Loss and optimiser</h3>
        <div className="ft-form-row">
          <Field name="loss" errors={errors} place="all" />
          <Field name="optimizer" errors={errors} place="all" />
          <Field name="momentum" errors={errors} place="all" disabled={optimizer !== 'sgd'} />
          <Field name="weightDecay" errors={errors} place="all" />
          <Field name="clipNorm" errors={errors} place="all" />
          <Field name="averageDecay" errors={errors} place="all" />
        </div>
      </section>
    </>
  );
}
