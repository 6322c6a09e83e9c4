import { NumberInput, Select } from '@mantine/core';
import { useMemo } from 'react';
import { usePreferences } from '../../state/preferences.ts';
import { formatDuration, formatNumber, formatTime } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import type { Range } from './agenda.ts';
import { setNews, useNews } from './newsStore.ts';

interface BlackoutsProps {
  readonly symbol: string;
  readonly range: Range;
}

/** When entries on a symbol would be left out under a policy: a picture of the shown stretch, and how much it is. */
export function Blackouts({ symbol, range }: BlackoutsProps) {
  const impact = useNews((n) => n.impact);
  const beforeMin = useNews((n) => n.beforeMin);
  const afterMin = useNews((n) => n.afterMin);
  const zone = usePreferences((p) => p.zone);
  const { fromMs, toMs } = range;
  const { data, error, reload } = useQuery(
    'news.blackouts',
    () => rpc.news.blackouts({ symbol, fromMs, toMs, policy: { impact, beforeMin, afterMin } }),
    [symbol, fromMs, toMs, impact, beforeMin, afterMin],
  );
  const total = useMemo(() => (data ?? []).reduce((sum, w) => sum + w.untilMs - w.fromMs, 0), [data]);
  const minutes = (value: string | number, field: 'beforeMin' | 'afterMin') => {
    const v = Math.round(Number(value));
    if (Number.isFinite(v) && v >= 0 && v <= 1440) setNews({ [field]: v });
  };
  const left = (ms: number) => (100 * (Math.min(toMs, Math.max(fromMs, ms)) - fromMs)) / (toMs - fromMs);
  return (
    <Panel title={`Blackout windows of ${symbol}`}>
      <div className="ft-news-side">
        <div className="ft-form-grid ft-news-policy">
          <Select
            label="Impact"
            data={[
              { value: 'high', label: 'High' },
              { value: 'medium', label: 'Medium, high' },
            ]}
            value={impact}
            allowDeselect={false}
            onChange={(v) => v !== null && setNews({ impact: v as 'medium' | 'high' })}
          />
          <NumberInput
            label="Before, min"
            min={0}
            max={1440}
            step={5}
            value={beforeMin}
            onChange={(v) => minutes(v, 'beforeMin')}
          />
          <NumberInput
            label="After, min"
            min={0}
            max={1440}
            step={5}
            value={afterMin}
            onChange={(v) => minutes(v, 'afterMin')}
          />
        </div>
        {error !== undefined && <ErrorLine error={error} onRetry={reload} />}
        <div
          className="ft-blackout-strip"
          role="img"
          aria-label={`${data?.length ?? 0} blackout windows in the shown stretch`}
          data-testid="blackout-strip"
          data-windows={data?.length ?? 0}
        >
          {(data ?? []).map((w) => (
            <span
              key={w.fromMs}
              style={{ left: `${left(w.fromMs)}%`, width: `max(2px, ${left(w.untilMs) - left(w.fromMs)}%)` }}
              title={`${formatTime(w.fromMs, { zone })} to ${formatTime(w.untilMs, { zone, date: false })}: ${w.reasons.join('; ')}`}
            />
          ))}
        </div>
        <p className="ft-small">
          {data === undefined
            ? '…'
            : data.length === 0
              ? 'No window in the shown stretch.'
              : `${formatNumber(data.length, 0)} ${data.length === 1 ? 'window' : 'windows'}, ${formatDuration(total)} in all.`}
        </p>
        <p className="ft-small ft-dim">
          In these windows a strategy that is told so opens nothing; exits go on. Turn it on in the forms of
          Backtest and Optimise: what was optimised with it is deployed with it.
        </p>
      </div>
    </Panel>
  );
}
