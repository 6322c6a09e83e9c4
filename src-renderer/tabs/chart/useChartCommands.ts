import { useMemo } from 'react';
import type { ChartSymbol } from '../../../src-shared/market/chartSymbols.ts';
import { type Command, useCommands } from '../../state/commands.ts';
import { FLAGS, LAYOUT_NAMES, setLayout } from './ChartStrip.tsx';
import { CHART_STYLES, STYLE_NAMES } from './candleStyle.ts';
import { type CellMarket, chartStore, LAYOUTS, useChart } from './chartStore.ts';

interface Tools {
  readonly onDate: () => void;
  readonly onFit: () => void;
  readonly onLatest: () => void;
  readonly onPng: () => void;
  readonly onCsv: () => void;
}

const make = (id: string, label: string, run: () => void, shortcut?: string): Command => ({
  id: `chart.${id}`,
  label,
  group: 'Chart',
  run,
  ...(shortcut ? { shortcut } : {}),
});

/** Everything the chart can do, by name. */
export function useChartCommands(
  tools: Tools,
  info: ChartSymbol,
  choose: (market: Partial<CellMarket>) => void,
): void {
  const choices = useChart((c) => c);
  useCommands(
    useMemo((): Command[] => {
      const { linkSymbol, linkTimeframe } = choices;
      return [
        make('date', 'Go to a date on the chart', tools.onDate, 'Ctrl G'),
        make('fit', 'Fit the whole history', tools.onFit, 'Home'),
        make('latest', 'Go to the latest bar', tools.onLatest, 'End'),
        make('png', 'Save the chart as PNG', tools.onPng),
        make('csv', 'Save the loaded bars as CSV', tools.onCsv),
        ...info.timeframes.map((t) =>
          make(`frame.${t}`, `Chart timeframe ${t}`, () => choose({ timeframe: t })),
        ),
        ...info.sides
          .filter(() => info.sides.length > 1)
          .map((side) => make(`side.${side}`, `Chart ${side} prices`, () => choose({ side }))),
        ...CHART_STYLES.map((style) =>
          make(`style.${style}`, `Chart style: ${STYLE_NAMES[style]}`, () => chartStore.setState({ style })),
        ),
        ...FLAGS.map(({ key, name }) =>
          make(`show.${key}`, `${choices[key] ? 'Hide' : 'Show'} on charts: ${name}`, () =>
            chartStore.setState({ [key]: !choices[key] }),
          ),
        ),
        ...LAYOUTS.map((l) => make(`layout.${l}`, `Chart layout: ${LAYOUT_NAMES[l]}`, () => setLayout(l))),
        make('link.symbol', `${linkSymbol ? 'Unlink' : 'Link'} the symbol of the charts`, () =>
          chartStore.setState({ linkSymbol: !linkSymbol }),
        ),
        make('link.timeframe', `${linkTimeframe ? 'Unlink' : 'Link'} the timeframe of the charts`, () =>
          chartStore.setState({ linkTimeframe: !linkTimeframe }),
        ),
      ];
    }, [tools, info, choose, choices]),
  );
}
