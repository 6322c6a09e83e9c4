/** The part of Plotly that Frontier calls; the package ships no types. */
export interface PlotlyPoint {
  readonly curveNumber: number;
  readonly pointNumber: number;
  readonly customdata?: unknown;
}

export interface PlotlyElement extends HTMLDivElement {
  on(event: 'plotly_click', listener: (event: { points: readonly PlotlyPoint[] }) => void): void;
}

export interface PlotlyStatic {
  react(
    element: HTMLElement,
    data: readonly object[],
    layout: object,
    config: object,
  ): Promise<PlotlyElement>;
  purge(element: HTMLElement): void;
  downloadImage(
    element: HTMLElement,
    options: { format: 'png' | 'svg'; filename: string; width: number; height: number; scale?: number },
  ): Promise<string>;
  readonly Plots: { resize(element: HTMLElement): Promise<void> };
}

let loading: Promise<PlotlyStatic> | undefined;

/** Plotly weighs more than the rest of the window; it comes when the first plot is shown. */
export function loadPlotly(): Promise<PlotlyStatic> {
  loading ??= import('plotly.js-basic-dist-min').then(
    (module: { default: PlotlyStatic }) => module.default,
    (error: unknown) => {
      // The next plot asks again.
      loading = undefined;
      throw error;
    },
  );
  return loading;
}
