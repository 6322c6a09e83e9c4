import { type KeyboardEvent, useState } from 'react';
import { useDatasets } from '../../state/markets.ts';
import { workspace } from '../../state/workspace.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { quickMatches, typedTimeframe } from './quickSwitch.ts';

interface QuickSwitchProps {
  /** The key that opened it. */
  readonly first: string;
  /** `refocus` when it was closed by a key: the chart has the keyboard again. */
  readonly onClose: (refocus: boolean) => void;
}

/** Type a symbol or a timeframe on the chart; Enter goes there. */
export function QuickSwitch({ first, onClose }: QuickSwitchProps) {
  const { data = [] } = useDatasets();
  const [text, setText] = useState(first.toUpperCase());
  const [at, setAt] = useState(0);
  const matches = quickMatches(text, data, workspace.getState());
  const chosen = matches[Math.min(at, matches.length - 1)];
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.key === 'Escape') onClose(true);
    else if (e.key === 'ArrowDown') setAt((n) => Math.min(n + 1, matches.length - 1));
    else if (e.key === 'ArrowUp') setAt((n) => Math.max(n - 1, 0));
    else if (e.key === 'Enter' && chosen) {
      workspace.getState().setMarket(chosen.symbol, chosen.timeframe);
      onClose(true);
    } else return;
    e.preventDefault();
  };
  const frame = typedTimeframe(text);
  return (
    <div className="ft-quick" role="dialog" aria-label="Go to a symbol or timeframe">
      <input
        // biome-ignore lint/a11y/noAutofocus: it was opened by typing, and the typing goes on in it
        autoFocus
        className="ft-quick-input"
        aria-label="Symbol or timeframe"
        value={text}
        onChange={(e) => {
          setText(e.currentTarget.value.toUpperCase());
          setAt(0);
        }}
        onFocus={(e) => e.currentTarget.setSelectionRange(text.length, text.length)}
        onKeyDown={onKeyDown}
        onBlur={() => onClose(false)}
      />
      <ul className="ft-quick-list">
        {matches.map((d) => (
          <li key={`${d.symbol} ${d.timeframe}`} data-chosen={d === chosen}>
            {d.symbol} {d.timeframe} {d.synthetic && <SyntheticBadge />}
          </li>
        ))}
        {matches.length === 0 && (
          <li className="ft-dim">
            {frame ? `No ${frame} history of this symbol is stored` : 'No stored symbol of that name'}
          </li>
        )}
      </ul>
    </div>
  );
}
