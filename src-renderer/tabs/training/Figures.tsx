import type { ListedModel } from '../../../src-shared/contract/training.ts';
import { formatNumber, UNKNOWN } from '../../ui/format.ts';

type Figure = ListedModel['figures'][number];

/** A figure to about four digits, whatever its size. */
export function figureText(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(2).replace('-', '−');
  return formatNumber(value, size >= 1000 ? 0 : size >= 10 ? 2 : 4);
}

/** The unit of figures that are 0 or 1. */
const YES_NO = 'yes or no';

/** Named figures side by side. */
export function Figures({ figures }: { readonly figures: readonly Figure[] }) {
  return (
    <div className="ft-figures">
      {figures.map((f) => (
        <div key={f.name} data-figure={f.name}>
          <div className="ft-figure-name">{f.label}</div>
          <div className="ft-figure-value">
            {f.unit === YES_NO && f.value !== null ? (f.value === 0 ? 'no' : 'yes') : figureText(f.value)}
            {f.unit && f.unit !== YES_NO && f.value !== null && (
              <span className="ft-dim ft-small"> {f.unit}</span>
            )}
          </div>
        </div>
      ))}
    </div>
  );
}
