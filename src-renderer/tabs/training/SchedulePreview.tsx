import { formatNumber } from '../../ui/format.ts';
import { useEstimate } from './estimate.ts';
import { HALVED_EVERY, type ShapeInput, shareOfRate } from './scheduleShape.ts';
import { useTraining } from './trainingStore.ts';

const WIDTH = 240;
const HEIGHT = 64;
const POINTS = 240;

function drawing(shape: ShapeInput): string {
  return Array.from({ length: POINTS + 1 }, (_, i) => {
    const share = shareOfRate(
      shape,
      Math.min(shape.totalSteps - 1, Math.round((i / POINTS) * shape.totalSteps)),
    );
    const x = (i / POINTS) * WIDTH;
    return `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${(HEIGHT - 2 - share * (HEIGHT - 6)).toFixed(1)}`;
  }).join('');
}

const WORDS: Readonly<Record<string, string>> = {
  constant: 'The same rate to the end.',
  cosine: 'Falls to zero along half a cosine.',
  step: `Halved every ${HALVED_EVERY} epochs.`,
  plateau: 'Halved whenever three epochs bring no better validation loss; when that is, the run decides.',
};

/** How the learning rate will go. Steps are those of the estimate; without one, of a thousand in thirty epochs. */
export function SchedulePreview() {
  const { schedule, warmupSteps, epochs } = useTraining((s) => s.draft);
  const { estimate } = useEstimate();
  const totalSteps = Math.max(1, estimate?.totalSteps ?? 1000);
  const shape: ShapeInput = {
    schedule,
    warmupSteps: Math.max(0, Number(warmupSteps) || 0),
    totalSteps,
    stepsPerEpoch: estimate?.stepsPerEpoch ?? totalSteps / Math.max(1, Number(epochs) || 30),
  };
  const late = shape.warmupSteps >= totalSteps;
  return (
    <figure className="ft-schedule">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Learning rate over the run: ${WORDS[schedule] ?? schedule}`}
      >
        <line x1={0} x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} className="ft-schedule-axis" />
        <path d={drawing(shape)} className="ft-schedule-line" />
      </svg>
      <figcaption className="ft-form-note ft-num">
        {WORDS[schedule]}{' '}
        {estimate ? `${formatNumber(estimate.totalSteps)} steps.` : 'Steps are known with the estimate.'}
        {late && <span className="ft-warn"> The warm-up is longer than the run.</span>}
      </figcaption>
    </figure>
  );
}
