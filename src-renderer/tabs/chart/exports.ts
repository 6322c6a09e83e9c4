import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import { downloadText } from '../../ui/download.ts';

/** Bars as CSV, times in UTC. */
export function barsCsv(bars: BarColumnsDto): string {
  const lines = bars.timeMs.map((ms, i) =>
    [new Date(ms).toISOString(), bars.open[i], bars.high[i], bars.low[i], bars.close[i], bars.volume[i]].join(
      ',',
    ),
  );
  return `timeUtc,open,high,low,close,volume\n${lines.join('\n')}\n`;
}

/** Saves the loaded bars. */
export function saveBars(name: string, bars: BarColumnsDto): void {
  downloadText(`${name}.csv`, barsCsv(bars));
}

/** Saves a canvas as PNG. */
export function savePicture(name: string, canvas: HTMLCanvasElement): void {
  const link = document.createElement('a');
  link.href = canvas.toDataURL('image/png');
  link.download = `${name}.png`;
  link.click();
}
