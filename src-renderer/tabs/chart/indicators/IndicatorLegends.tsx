import { ActionIcon, Popover } from '@mantine/core';
import { IconEye, IconEyeOff, IconSettings, IconX } from '@tabler/icons-react';
import { useEffect, useLayoutEffect, useState } from 'react';
import type { Pattern } from '../../../../src-shared/indicators/patterns/index.ts';
import { UNKNOWN } from '../../../ui/format.ts';
import type { ChartCellInfo } from '../ChartExtras.tsx';
import { usePointed } from '../crosshairLink.ts';
import { rowAt } from '../timeAxis.ts';
import { IndicatorEditor } from './IndicatorEditor.tsx';
import { type SceneInput, sceneOf } from './indicatorScene.ts';
import { indicatorActions, useEditing } from './indicatorStore.ts';
import { formatValue, type ShownIndicator } from './shown.ts';

const ICON = { size: 13, stroke: 1.7, 'aria-hidden': true } as const;

interface RowProps {
  readonly cell: ChartCellInfo;
  readonly shown: ShownIndicator;
  /** Bar whose values are shown. */
  readonly row: number;
}

/** The value drawn at a bar's place: that of the bar `shift` bars before it. */
function valueAt(values: Float64Array, row: number, shift: number): number | undefined {
  return values[row - shift];
}

function Tools({ cell, shown }: Omit<RowProps, 'row'>) {
  const { id, visible } = shown.instance;
  const name = shown.title;
  return (
    <span className="ft-ind-tools">
      <ActionIcon
        size={18}
        aria-label={visible ? `Hide ${name}` : `Show ${name}`}
        title={visible ? 'Hide' : 'Show'}
        onClick={() => indicatorActions.toggle(cell.id, id)}
      >
        {visible ? <IconEye {...ICON} /> : <IconEyeOff {...ICON} />}
      </ActionIcon>
      <ActionIcon
        size={18}
        aria-label={`Settings of ${name}`}
        title="Settings"
        onClick={() => indicatorActions.edit(cell.id, id)}
      >
        <IconSettings {...ICON} />
      </ActionIcon>
      <ActionIcon
        size={18}
        aria-label={`Remove ${name}`}
        title="Remove"
        onClick={() => indicatorActions.remove(cell.id, id)}
      >
        <IconX {...ICON} />
      </ActionIcon>
    </span>
  );
}

function LegendRow({ cell, shown, row }: RowProps) {
  const { instance, definition, outputs, title } = shown;
  const editing = useEditing(cell.id, instance.id);
  return (
    <Popover
      opened={editing}
      onChange={(open) => !open && indicatorActions.stopEditing(cell.id, instance.id)}
      position="bottom-start"
      trapFocus
      returnFocus
      withinPortal
      shadow="md"
    >
      <Popover.Target>
        <div className="ft-ind-row" data-visible={instance.visible} data-testid="indicator-legend">
          <button
            type="button"
            className="ft-ind-name"
            title={`${definition.name}. ${definition.about}`}
            onClick={() => indicatorActions.edit(cell.id, instance.id)}
          >
            {title}
          </button>
          {instance.visible &&
            outputs.map(({ definition: output, values, shift, color }) => {
              const value = valueAt(values, row, shift);
              // The other side of a trend has nothing to say.
              if (output.partTime && !Number.isFinite(value)) return null;
              // Signed values have the colour of their bar.
              const falls = output.tone === 'signed' && value !== undefined && value < 0;
              return (
                <span
                  key={output.key}
                  className="ft-ind-value"
                  style={{ color: falls ? 'var(--ft-down)' : color }}
                  title={output.name}
                >
                  {formatValue(value, definition, cell.digits)}
                </span>
              );
            })}
          <Tools cell={cell} shown={shown} />
        </div>
      </Popover.Target>
      <Popover.Dropdown className="ft-ind-editor" aria-label={`Settings of ${title}`}>
        <IndicatorEditor cellId={cell.id} shown={shown} />
      </Popover.Dropdown>
    </Popover>
  );
}

interface Place {
  readonly top: number;
  readonly height: number;
}

/** Where the panes are, in pixels from the top of the chart; follows their heights. */
function usePlaces(cell: ChartCellInfo, input: SceneInput, box: HTMLElement | null) {
  const [places, setPlaces] = useState<ReadonlyMap<string, Place>>(new Map());
  const { view } = cell;
  useEffect(() => {
    if (!box) return;
    const scene = sceneOf(view);
    const measure = () => {
      const origin = box.getBoundingClientRect().top;
      const found = new Map<string, Place>();
      for (const { instance } of input.shown) {
        const area = scene.paneElement(instance.id)?.getBoundingClientRect();
        if (area) found.set(instance.id, { top: area.top - origin, height: area.height });
      }
      setPlaces(found);
    };
    const observer = new ResizeObserver(measure);
    // The library builds the elements of new panes with its next frame.
    const frame = requestAnimationFrame(() => {
      for (const { instance } of input.shown) {
        const element = scene.paneElement(instance.id);
        if (element) observer.observe(element);
      }
      observer.observe(box);
      measure();
    });
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, [view, input, box]);
  return places;
}

/** Below the chart's own legend. */
const OVERLAYS_FROM_PX = 30;
/** A pane lower than this has no room for words. */
const LOWEST_PANE_PX = 26;

interface LegendsProps {
  readonly cell: ChartCellInfo;
  readonly input: SceneInput;
  readonly patterns: readonly Pattern[];
}

/** Names of the patterns that the bar under the pointer completes. */
function PatternRow({ patterns, row }: { readonly patterns: readonly Pattern[]; readonly row: number }) {
  const names = patterns.filter((p) => p.at === row).map((p) => p.name);
  return (
    <div className="ft-ind-row" data-testid="pattern-legend">
      <span className="ft-dim">Patterns</span> {names.length > 0 ? names.join(', ') : UNKNOWN}
    </div>
  );
}

/** A line per indicator with its values under the crosshair: overlays below the prices, the others in their panes. */
export function IndicatorLegends({ cell, input, patterns }: LegendsProps) {
  const [box, setBox] = useState<HTMLElement | null>(null);
  // Linked charts show the same instant.
  const hoverMs = usePointed()?.timeMs;
  const places = usePlaces(cell, input, box);
  const { top: from, rows: most } = useOverlayPlace(box);
  const { timeMs } = input.bars;
  const last = timeMs.length - 1;
  const row = hoverMs === undefined ? last : hoverMs > timeMs[last]! ? last : rowAt(timeMs, hoverMs);
  const overlays = input.shown.filter((s) => s.definition.group === 'overlay');
  const fitting = overlays.length > most ? most - 1 : overlays.length;
  const line = (shown: ShownIndicator) => (
    <LegendRow key={shown.instance.id} cell={cell} shown={shown} row={row} />
  );
  return (
    <div ref={setBox} className="ft-ind-legends ft-num">
      <div className="ft-ind-group" style={{ top: from }}>
        {overlays.slice(0, fitting).map(line)}
        {fitting < overlays.length && (
          <div
            className="ft-ind-row ft-dim"
            title={overlays
              .slice(fitting)
              .map((s) => s.title)
              .join(', ')}
          >
            and {overlays.length - fitting} more
          </div>
        )}
        {patterns.length > 0 && <PatternRow patterns={patterns} row={row} />}
      </div>
      {input.shown
        .filter((s) => s.definition.group === 'pane')
        .map((shown) => {
          const place = places.get(shown.instance.id);
          if (!place || place.height < LOWEST_PANE_PX) return null;
          return (
            <div key={shown.instance.id} className="ft-ind-group" style={{ top: place.top + 3 }}>
              {line(shown)}
            </div>
          );
        })}
    </div>
  );
}

/** Share of the chart that its legends may cover, and the height of a line. */
const MOST_COVERED = 0.4;
const LINE_PX = 19;

/** Where the lines of overlays begin, below the chart's own legend, and how many of them leave the prices in view. */
function useOverlayPlace(box: HTMLElement | null) {
  const [place, setPlace] = useState({ top: OVERLAYS_FROM_PX, rows: Number.POSITIVE_INFINITY });
  useLayoutEffect(() => {
    const chart = box?.closest('.ft-chart');
    const legend = chart?.querySelector('.ft-legend');
    if (!chart || !legend) return;
    const measure = () => {
      const area = chart.getBoundingClientRect();
      const bottom = legend.getBoundingClientRect().bottom - area.top;
      const top = Math.max(OVERLAYS_FROM_PX, Math.round(bottom) + 2);
      const rows = Math.max(2, Math.floor((area.height * MOST_COVERED - top) / LINE_PX));
      setPlace((was) => (was.top === top && was.rows === rows ? was : { top, rows }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(legend);
    observer.observe(chart);
    return () => observer.disconnect();
  }, [box]);
  return place;
}
