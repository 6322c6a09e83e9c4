import { type KeyboardEvent, useState } from 'react';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { meansDate, type QuickMatch, type QuickSymbol, quickMatches, typedTimeframe } from './quickSwitch.ts';

interface QuickSwitchProps {
  /** The key that opened it. */
  readonly first: string;
  readonly symbols: readonly QuickSymbol[];
  readonly now: { readonly symbol: string; readonly timeframe: AnyTimeframe };
  readonly onChoose: (match: QuickMatch) => void;
  /** Asked for another moment; with what was typed where that begins a date. */
  readonly onDate: (typed: string) => void;
  /** `refocus` when it was closed by a key: the chart has the keyboard again. */
  readonly onClose: (refocus: boolean) => void;
}

/** Type a symbol, a timeframe or a date on the chart; Enter goes there. */
export function QuickSwitch({ first, symbols, now, onChoose, onDate, onClose }: QuickSwitchProps) {
  const [text, setText] = useState(first.toUpperCase());
  const [at, setAt] = useState(0);
  const date = meansDate(text) ? ['date' as const] : [];
  const matches = [...date, ...quickMatches(text, symbols, now)];
  const chosen = matches[Math.min(at, matches.length - 1)];
  const choose = (match: 'date' | QuickMatch) => {
    onClose(match !== 'date');
    if (match === 'date') onDate(/^\d/.test(text) ? text : '');
    else onChoose(match);
  };
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.key === 'Escape') onClose(true);
    else if (e.key === 'ArrowDown') setAt((n) => Math.min(n + 1, matches.length - 1));
    else if (e.key === 'ArrowUp') setAt((n) => Math.max(n - 1, 0));
    else if (e.key === 'Enter' && chosen) choose(chosen);
    else return;
    e.preventDefault();
  };
  const frame = typedTimeframe(text);
  return (
    <div className="ft-quick" role="dialog" aria-label="Go to a symbol, timeframe or date">
      <input
        // biome-ignore lint/a11y/noAutofocus: it was opened by typing, and the typing goes on in it
        autoFocus
        className="ft-quick-input"
        aria-label="Symbol, timeframe or date"
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
        {matches.map((match) => (
          <li
            key={match === 'date' ? match : `${match.symbol} ${match.timeframe}`}
            data-chosen={match === chosen}
            // The press would take the focus away and close the list before the click.
            onMouseDown={(e) => {
              e.preventDefault();
              choose(match);
            }}
          >
            {match === 'date' ? (
              'Go to a date and time…'
            ) : (
              <>
                {match.symbol} {match.timeframe} {match.synthetic && <SyntheticBadge />}
              </>
            )}
          </li>
        ))}
        {matches.length === 0 && (
          <li className="ft-dim">
            {frame
              ? `${frame} cannot be made of what is stored of ${now.symbol}`
              : 'No stored symbol of that name'}
          </li>
        )}
      </ul>
    </div>
  );
}
