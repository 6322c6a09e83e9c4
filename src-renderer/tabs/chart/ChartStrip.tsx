import { ActionIcon, Menu, SegmentedControl } from '@mantine/core';
import {
  IconChartCandle,
  IconChartLine,
  IconCheck,
  IconClock,
  IconColumns2,
  IconLayoutGrid,
  IconLink,
  IconLinkOff,
  IconRectangle,
  IconSeparatorHorizontal,
  IconStack2,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { ALL_TIMEFRAMES, type AnyTimeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { CHART_STYLES, STYLE_NAMES } from './candleStyle.ts';
import { type ChartChoices, type ChartLayout, chartStore, LAYOUTS, useChart } from './chartStore.ts';

/** Those that a narrow strip has no room for; they are in the menu beside it. */
const RARE: ReadonlySet<AnyTimeframe> = new Set(['M2', 'M3', 'M10', 'H2', 'H3', 'H6', 'H8', 'H12']);
const ICON = { size: 16, stroke: 1.7, 'aria-hidden': true } as const;

interface FramesProps {
  readonly timeframes: readonly AnyTimeframe[];
  readonly chosen: AnyTimeframe;
  readonly onChoose: (timeframe: AnyTimeframe) => void;
}

/** Every timeframe that can be made, in a strip. */
export function FrameStrip({ timeframes, chosen, onChoose }: FramesProps) {
  const rare = timeframes.filter((t) => RARE.has(t));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of buttons in a toolbar, no fieldset of a form
    <div className="ft-frames" role="group" aria-label="Timeframe of the chart">
      {ALL_TIMEFRAMES.filter((t) => timeframes.includes(t)).map((t) => (
        <button
          key={t}
          type="button"
          className="ft-frame"
          data-rare={RARE.has(t) && t !== chosen}
          aria-pressed={t === chosen}
          onClick={() => onChoose(t)}
        >
          {t}
        </button>
      ))}
      {rare.length > 0 && (
        <Menu position="bottom-start">
          <Menu.Target>
            <button type="button" className="ft-frame ft-frame-more" aria-label="More timeframes">
              …
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            {rare.map((t) => (
              <Menu.Item key={t} onClick={() => onChoose(t)}>
                {t}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  );
}

interface SideProps {
  readonly sides: readonly PriceSide[];
  readonly shown: PriceSide | undefined;
  readonly onChoose: (side: PriceSide) => void;
}

/** Which side of the quote is drawn, where more than one is stored. */
export function SideSwitch({ sides, shown, onChoose }: SideProps) {
  if (sides.length < 2) return null;
  return (
    <SegmentedControl
      aria-label="Side of the quote"
      size="xs"
      data={sides.map((s) => ({ value: s, label: s === 'mid' ? 'Mid' : s === 'bid' ? 'Bid' : 'Ask' }))}
      value={shown ?? sides[0] ?? 'bid'}
      onChange={(v) => onChoose(v as PriceSide)}
    />
  );
}

const checked = (on: boolean): ReactNode =>
  on ? <IconCheck size={14} aria-hidden /> : <span className="ft-nocheck" />;

/** Candles, bars, line or Heikin-Ashi. */
export function StyleMenu() {
  const style = useChart((c) => c.style);
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <ActionIcon aria-label={`Chart style: ${STYLE_NAMES[style]}`} title={`Style: ${STYLE_NAMES[style]}`}>
          {style === 'line' ? <IconChartLine {...ICON} /> : <IconChartCandle {...ICON} />}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {CHART_STYLES.map((s) => (
          <Menu.Item
            key={s}
            leftSection={checked(s === style)}
            onClick={() => chartStore.setState({ style: s })}
          >
            {STYLE_NAMES[s]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

type Flag = 'volume' | 'otherSide' | 'news' | 'sessions' | 'repaired';
export const FLAGS: ReadonlyArray<{ readonly key: Flag; readonly name: string }> = [
  { key: 'volume', name: 'Volume' },
  { key: 'otherSide', name: 'Other side of the quote (spread)' },
  { key: 'news', name: 'Economic events' },
  { key: 'sessions', name: 'Hours of the FX centres' },
  { key: 'repaired', name: 'Marks of repaired bars' },
];

/** What lies on the charts besides the bars. */
export function LayersMenu() {
  const choices = useChart((c) => c);
  return (
    <Menu position="bottom-start" closeOnItemClick={false}>
      <Menu.Target>
        <ActionIcon aria-label="What the charts show" title="What the charts show">
          <IconStack2 {...ICON} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {FLAGS.map(({ key, name }) => (
          <Menu.Item
            key={key}
            leftSection={checked(choices[key])}
            aria-label={`${name}: ${choices[key] ? 'shown' : 'hidden'}`}
            onClick={() => chartStore.setState({ [key]: !choices[key] })}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export const LAYOUT_NAMES: Readonly<Record<ChartLayout, string>> = {
  one: 'One chart',
  columns: 'Two charts side by side',
  rows: 'Two charts one above the other',
  four: 'Four charts',
};
const LAYOUT_ICONS: Readonly<Record<ChartLayout, ReactNode>> = {
  one: <IconRectangle {...ICON} />,
  columns: <IconColumns2 {...ICON} />,
  rows: <IconSeparatorHorizontal {...ICON} />,
  four: <IconLayoutGrid {...ICON} />,
};

/** How many charts there are, and what they have in common. */
export function LayoutTools() {
  const layout = useChart((c) => c.layout);
  const linkSymbol = useChart((c) => c.linkSymbol);
  const linkTimeframe = useChart((c) => c.linkTimeframe);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`Layout: ${LAYOUT_NAMES[layout]}`} title="Layout">
            {LAYOUT_ICONS[layout]}
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {LAYOUTS.map((l) => (
            <Menu.Item key={l} leftSection={LAYOUT_ICONS[l]} onClick={() => setLayout(l)}>
              {LAYOUT_NAMES[l]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {layout !== 'one' && (
        <>
          <LinkToggle
            name="symbol"
            on={linkSymbol}
            icon={linkSymbol ? <IconLink {...ICON} /> : <IconLinkOff {...ICON} />}
            toggle={() => chartStore.setState({ linkSymbol: !linkSymbol })}
          />
          <LinkToggle
            name="timeframe"
            on={linkTimeframe}
            icon={<IconClock {...ICON} />}
            toggle={() => chartStore.setState({ linkTimeframe: !linkTimeframe })}
          />
        </>
      )}
    </>
  );
}

interface LinkProps {
  readonly name: string;
  readonly on: boolean;
  readonly icon: ReactNode;
  readonly toggle: () => void;
}

function LinkToggle({ name, on, icon, toggle }: LinkProps) {
  return (
    <ActionIcon
      aria-label={`Same ${name} on all charts`}
      aria-pressed={on}
      title={`Same ${name} on all charts: ${on ? 'yes' : 'no'}`}
      variant={on ? 'light' : 'subtle'}
      color={on ? 'accent' : 'gray'}
      onClick={toggle}
    >
      {icon}
    </ActionIcon>
  );
}

/** What fresh cells of a larger layout show: the market of the chart that was there, each in a longer timeframe. */
const LONGER: readonly AnyTimeframe[] = ['H1', 'H4', 'D1', 'W1', 'MN1'];

/** Changes the layout; cells that were never used begin with the symbol of the one that has the keyboard. */
export function setLayout(layout: ChartLayout): void {
  chartStore.setState((state): Partial<ChartChoices> => {
    const own = state.cells[state.active];
    const cells = { ...state.cells };
    const than = own.timeframe;
    const longer = LONGER.filter((t) => than === undefined || timeframeMs(t) > timeframeMs(than));
    for (const id of ['a', 'b', 'c', 'd'] as const) {
      const { symbol = own.symbol, timeframe = longer['bcd'.indexOf(id)] ?? own.timeframe, side } = cells[id];
      cells[id] = { symbol, timeframe, side };
    }
    // One chart is the one that was looked at.
    if (layout === 'one' && state.active !== 'a') {
      cells.a = own;
      cells[state.active] = state.cells.a;
    }
    const fits = layout === 'four' || state.active === 'a' || (layout !== 'one' && state.active === 'b');
    return { layout, cells, active: fits ? state.active : 'a' };
  });
}
