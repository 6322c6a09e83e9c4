import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { loadPlotly, type PlotlyStatic } from './plotly.ts';
import { ErrorState, LoadingState } from './states.tsx';
import { type ChartColors, SANS, useChartColors } from './theme.ts';

/** A Plotly trace. `customdata` carries what `onSelect` gives back. */
export type PlotTrace = Readonly<Record<string, unknown>>;
export type PlotLayout = Readonly<Record<string, unknown>>;

export interface PlotHandle {
  /** Saves the chart as it is shown. */
  export(format: 'png' | 'svg', fileName: string): Promise<void>;
}

export interface PlotProps {
  readonly traces: readonly PlotTrace[];
  readonly layout?: PlotLayout;
  /** Accessible name: what the chart shows. */
  readonly label: string;
  /** Called with the `customdata` of a clicked point. */
  readonly onSelect?: (customdata: unknown) => void;
  /** Zoom and pan survive updates as long as this stays the same. */
  readonly view?: string;
  readonly ref?: Ref<PlotHandle>;
  readonly testId?: string;
}

const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: true, doubleClick: 'reset' };

function axis(colors: ChartColors, own: unknown): object {
  const line = { gridcolor: colors.grid, zerolinecolor: colors.border, linecolor: colors.border };
  const base = { ...line, ticks: 'outside', tickcolor: colors.border, ticklen: 4, automargin: true };
  return { ...base, ...(typeof own === 'object' && own !== null ? own : {}) };
}

/** The layout that makes a Plotly chart one with the window: palette, font, thin axes, pan on drag. */
export function themedLayout(colors: ChartColors, layout: PlotLayout, view: string): object {
  return {
    autosize: true,
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: SANS, size: 11, color: colors.dim },
    margin: { l: 52, r: 12, t: 8, b: 40 },
    hovermode: 'closest',
    dragmode: 'pan',
    showlegend: false,
    uirevision: view,
    hoverlabel: {
      bgcolor: colors.background,
      bordercolor: colors.border,
      font: { family: SANS, size: 11.5, color: colors.text },
      align: 'left',
    },
    ...layout,
    xaxis: axis(colors, layout.xaxis),
    yaxis: axis(colors, layout.yaxis),
  };
}

/** A Plotly chart that fills its box. Plotly is loaded on first use. */
export function Plot({ traces, layout = {}, label, onSelect, view = 'fixed', ref, testId }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const [plotly, setPlotly] = useState<PlotlyStatic>();
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  const colors = useChartColors();
  const select = useRef(onSelect);
  select.current = onSelect;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` asks again after a failure
  useEffect(() => {
    let gone = false;
    setError(undefined);
    loadPlotly().then(
      (loaded) => gone || setPlotly(() => loaded),
      (e: unknown) => gone || setError(e),
    );
    return () => {
      gone = true;
    };
  }, [attempt]);

  useEffect(() => {
    const element = box.current;
    if (!plotly || !element) return;
    const drawn = plotly.react(element, traces, themedLayout(colors, layout, view), CONFIG);
    drawn.then((chart) => {
      // `react` keeps the listeners of the first drawing; one that reads the newest handler is enough.
      if (chart.dataset.listening) return;
      chart.dataset.listening = 'yes';
      chart.on('plotly_click', (event) => select.current?.(event.points[0]?.customdata));
    }, setError);
  }, [plotly, traces, layout, colors, view]);

  useEffect(() => {
    const element = box.current;
    if (!plotly || !element) return;
    let frame = 0;
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        if (element.clientWidth > 0 && element.clientHeight > 0) void plotly.Plots.resize(element);
      });
    });
    observer.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      plotly.purge(element);
      delete element.dataset.listening;
    };
  }, [plotly]);

  useImperativeHandle(ref, () => ({
    async export(format, fileName) {
      const element = box.current;
      if (!plotly || !element) return;
      const { clientWidth: width, clientHeight: height } = element;
      await plotly.downloadImage(element, { format, filename: fileName, width, height, scale: 2 });
    },
  }));

  if (error !== undefined) return <ErrorState error={error} onRetry={() => setAttempt((n) => n + 1)} />;
  return (
    <div style={{ position: 'relative', height: '100%', minHeight: 0 }}>
      <div
        ref={box}
        role="img"
        aria-label={label}
        data-testid={testId}
        data-ready={plotly ? 'yes' : 'no'}
        style={{ position: 'absolute', inset: 0 }}
      />
      {!plotly && <LoadingState label="Loading the chart" />}
    </div>
  );
}
