import { Button } from '@mantine/core';
import { IconChartHistogram, IconRocket, IconStarFilled } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { PointDto, StudyDto, TrialDto } from '../../../src-shared/contract/optimize.ts';
import { EquityChart } from '../../ui/EquityChart.tsx';
import { FieldList } from '../../ui/FieldInputs.tsx';
import { GENE_FIELDS } from '../../ui/genes.ts';
import { MetricGrid } from '../../ui/MetricGrid.tsx';
import type { MetricKey } from '../../ui/metrics.ts';
import { useOnce } from '../../ui/once.ts';
import { ParameterHash } from '../../ui/ParameterHash.tsx';
import { rpc } from '../../ui/rpc.ts';
import { ErrorLine, LoadingState } from '../../ui/states.tsx';
import { openBacktestWith } from '../backtest/draft.ts';
import { DeployDialog } from './DeployDialog.tsx';
import styles from './Optimise.module.css';

const SHOWN: readonly MetricKey[] = [
  'netReturnPct',
  'netProfit',
  'maxDrawdownPct',
  'maxDrawdownDays',
  'sharpe',
  'sortino',
  'calmar',
  'trades',
  'winRatePct',
  'profitFactor',
  'expectancyR',
  'averageBarsHeld',
  'totalCost',
];

interface PointDetailProps {
  readonly study: StudyDto;
  readonly trial: TrialDto;
}

/** One point in full: genes, figures where it was chosen and where it was not, equity, and what can be done with it. */
export function PointDetail({ study, trial }: PointDetailProps) {
  const [deploying, setDeploying] = useState(false);
  const point = useOnce(
    'optimize.point',
    () => rpc.optimize.point({ studyId: study.id, trialId: trial.id }),
    [study.id, trial.id, trial.onFront],
  );
  const recommended = trial.id === study.recommendedTrialId;
  return (
    <div className={styles.detail} data-testid="point-detail" data-trial={trial.id}>
      <div className={styles.detailHead}>
        <strong>Trial {trial.number}</strong>
        {recommended && (
          <span className={styles.star} title="The point that the documented rule picks from the front">
            <IconStarFilled size={11} aria-hidden /> recommended
          </span>
        )}
        {!recommended && <span className="ft-dim">{standing(trial)}</span>}
        {point.data && <ParameterHash hash={point.data.parameterHash} />}
      </div>
      <div className={styles.actions}>
        <Button
          leftSection={<IconChartHistogram size={14} aria-hidden />}
          onClick={() =>
            openBacktestWith(
              study.input.modelId,
              trial.genes,
              study.input,
              `trial ${trial.number} of a study`,
            )
          }
        >
          Backtest
        </Button>
        <Button
          variant="filled"
          leftSection={<IconRocket size={14} aria-hidden />}
          disabled={point.data === undefined}
          onClick={() => setDeploying(true)}
          data-testid="deploy-open"
        >
          Deploy…
        </Button>
      </div>
      <div>
        <h3 className={styles.title}>Genes</h3>
        <FieldList fields={GENE_FIELDS} values={trial.genes} />
      </div>
      {point.error !== undefined && <ErrorLine error={point.error} onRetry={point.reload} />}
      {point.data ? (
        <Evidence point={point.data} />
      ) : (
        point.loading && <LoadingState label="Running this point" />
      )}
      {point.data && (
        <DeployDialog
          study={study}
          trial={trial}
          parameterHash={point.data.parameterHash}
          opened={deploying}
          onClose={() => setDeploying(false)}
        />
      )}
    </div>
  );
}

function standing(trial: TrialDto): string {
  if (!trial.feasible) return 'infeasible: too few trades';
  return trial.onFront ? 'on the front' : 'dominated';
}

function Evidence({ point }: { readonly point: PointDto }) {
  const { optimisation, test, currency } = point;
  const series = useMemo(
    () => [
      { name: 'In-sample', equity: optimisation.equity },
      ...(test ? [{ name: 'Out-of-sample', equity: test.equity }] : []),
    ],
    [optimisation, test],
  );
  return (
    <>
      <div>
        <h3 className={styles.title}>Figures</h3>
        <p className={styles.callout}>
          {test
            ? 'In-sample is the optimisation span, where this point was chosen: it flatters. Out-of-sample is the test span, which neither model nor study was fitted on. Choosing among points by their out-of-sample figures would turn it into in-sample.'
            : 'In-sample: the optimisation span, where points are chosen; it flatters. Out-of-sample figures are only computed for points on the front.'}
        </p>
        <MetricGrid
          metrics={optimisation.metrics}
          currency={currency}
          only={SHOWN}
          name="In-sample"
          {...(test ? { compare: { name: 'Out-of-sample', metrics: test.metrics } } : {})}
          testId="point-metrics"
        />
      </div>
      <div>
        <h3 className={styles.title}>Equity and drawdown</h3>
        <EquityChart series={series} currency={currency} height={260} testId="point-equity" />
      </div>
    </>
  );
}
