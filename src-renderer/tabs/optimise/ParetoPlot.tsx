import { ActionIcon, Menu, SegmentedControl, Select, Tooltip } from '@mantine/core';
import { IconDownload, IconSwitchHorizontal } from '@tabler/icons-react';
import { useMemo, useRef } from 'react';
import { OBJECTIVES, type ObjectiveName, type StudyDto } from '../../../src-shared/contract/optimize.ts';
import { formatNumber } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Plot, type PlotHandle } from '../../ui/Plot.tsx';
import { useChartColors } from '../../ui/theme.ts';
import styles from './Optimise.module.css';
import { AXES, type Channel, meantBy, scatterGroups } from './pareto.ts';
import { scatterLayout, scatterTraces } from './scatter.ts';
import { selectTrial, setAxis, studyView, useStudyView } from './view.ts';

const CHANNELS: readonly { readonly channel: Channel; readonly label: string }[] = [
  { channel: 'x', label: 'X' },
  { channel: 'y', label: 'Y' },
  { channel: 'color', label: 'Colour' },
  { channel: 'size', label: 'Size' },
];
const OBJECTIVE_OPTIONS = OBJECTIVES.map((name) => ({ value: name, label: AXES[name].label }));

function AxisPickers() {
  const axes = useStudyView((v) => v.axes);
  return (
    <div className={styles.axes}>
      {CHANNELS.map(({ channel, label }) => (
        <span key={channel} className={styles.axis}>
          {label}
          <Select
            aria-label={`${label} shows`}
            w={104}
            size="xs"
            data={OBJECTIVE_OPTIONS}
            value={axes[channel]}
            onChange={(value) => value !== null && setAxis(channel, value as ObjectiveName)}
            allowDeselect={false}
          />
          {channel === 'x' && (
            <Tooltip label="Swap the axes">
              <ActionIcon aria-label="Swap X and Y" onClick={() => setAxis('x', axes.y)}>
                <IconSwitchHorizontal size={15} aria-hidden />
              </ActionIcon>
            </Tooltip>
          )}
        </span>
      ))}
    </div>
  );
}

interface ParetoPlotProps {
  readonly study: StudyDto;
  readonly selectedId: string | undefined;
}

/** All points of a study; the front stands out. Clicking a point selects it, as a row of the front table does. */
export function ParetoPlot({ study, selectedId }: ParetoPlotProps) {
  const axes = useStudyView((v) => v.axes);
  const colors = useChartColors();
  const handle = useRef<PlotHandle>(null);
  const groups = useMemo(() => scatterGroups(study.trials, axes), [study.trials, axes]);
  const recommendedId = study.recommendedTrialId;
  const traces = useMemo(
    () => scatterTraces({ groups, axes, selectedId, recommendedId, colors }),
    [groups, axes, selectedId, recommendedId, colors],
  );
  const fit = useStudyView((v) => v.fit);
  const layout = useMemo(() => scatterLayout(axes, groups.front, fit), [axes, groups, fit]);
  const save = (format: 'png' | 'svg') =>
    void handle.current?.export(format, `${study.symbol}_${study.id}_pareto`);
  const hidden = groups.dominatedTotal - groups.dominated.length;
  return (
    <Panel
      title="Pareto front"
      flush
      actions={
        <>
          <SegmentedControl
            aria-label="What the chart shows"
            data={[
              { value: 'front', label: 'Around the front' },
              { value: 'all', label: 'All points' },
            ]}
            value={fit}
            onChange={(value) => studyView.setState({ fit: value as 'front' | 'all' })}
          />
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon aria-label="Export the chart" title="Export the chart">
                <IconDownload size={15} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => save('png')}>PNG</Menu.Item>
              <Menu.Item onClick={() => save('svg')}>SVG</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      }
    >
      <div className={styles.plotBox}>
        <AxisPickers />
        <div className={styles.plot}>
          <Plot
            ref={handle}
            traces={traces}
            layout={layout}
            view={`${study.id} ${axes.x} ${axes.y} ${fit}`}
            label={`Points of the study: ${AXES[axes.x].label} across, ${AXES[axes.y].label} up. The front table lists the same points.`}
            onSelect={(id) =>
              typeof id === 'string' && selectTrial(study.id, meantBy(study.trials, id, axes))
            }
            testId="pareto-plot"
          />
        </div>
        <div className={styles.legend}>
          <span>● front {formatNumber(groups.front.length, 0)}</span>
          <span>
            faint: dominated {formatNumber(groups.dominatedTotal, 0)}
            {hidden > 0 && `, the newest ${formatNumber(groups.dominated.length, 0)} drawn`}
          </span>
          {groups.infeasible > 0 && (
            <span>not drawn: {formatNumber(groups.infeasible, 0)} with too few trades</span>
          )}
          <span>★ recommended</span>
          <span>larger is higher {AXES[axes.size].label.toLowerCase()}</span>
        </div>
      </div>
    </Panel>
  );
}
