/** The part of Plotly that Frontier calls; the package ships no types. */
declare module 'plotly.js-basic-dist-min' {
  export interface PlotlyPoint {
    readonly curveNumber: number;
    readonly pointNumber: number;
    readonly customdata?: unknown;
  }
  export interface PlotlyElement extends HTMLDivElement {
    on(event: 'plotly_click', listener: (event: { points: readonly PlotlyPoint[] }) => void): void;
    removeAllListeners?(event: string): void;
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
  const plotly: PlotlyStatic;
  export default plotly;
}
