import type { ModelDto } from '../../../src-shared/contract/training.ts';
import { formatDate, formatNumber } from '../../ui/format.ts';
import { SPAN_USE, spanPieces } from './spans.ts';

/** How the history was divided. */
export function SpanStrip({ model }: { readonly model: ModelDto }) {
  const pieces = spanPieces(model.spans);
  const spans = pieces.filter((p) => p.kind === 'span');
  const gaps = pieces.filter((p) => p.kind === 'gap');
  return (
    <div>
      <div className="ft-strip" role="img" aria-label="How the history was divided, in time order">
        {pieces.map((p) => (
          <span
            key={`${p.name}-${p.fromMs}`}
            className={`ft-strip-piece ft-span-${p.name}`}
            style={{ flexGrow: p.share }}
            title={`${p.name}: ${formatNumber(p.bars)} bars, ${formatDate(p.fromMs)} to ${formatDate(p.toMs)}. ${SPAN_USE[p.name]}`}
          />
        ))}
      </div>
      <table className="ft-table ft-span-table" aria-label="Parts of the history">
        <tbody>
          {spans.map((p) => (
            <tr key={p.name} title={SPAN_USE[p.name]}>
              <td>
                <span className="ft-cell-line">
                  <span className={`ft-span-key ft-span-${p.name}`} aria-hidden />
                  {p.name}
                </span>
              </td>
              <td className="ft-right">{formatNumber(p.bars)}</td>
              <td className="ft-dim" title={`${formatDate(p.fromMs)} to ${formatDate(p.toMs)}`}>
                {formatDate(p.fromMs).slice(0, 7)} – {formatDate(p.toMs).slice(0, 7)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {gaps.length > 0 && (
        <p className="ft-dim ft-small">
          Hatched: {gaps.length} embargo {gaps.length === 1 ? 'gap' : 'gaps'} of {formatNumber(gaps[0]?.bars)}{' '}
          bars, so that no outcome reaches into the next part.
        </p>
      )}
    </div>
  );
}
