import { ActionIcon, Button, Popover, Switch, TextInput } from '@mantine/core';
import { IconEye, IconEyeOff, IconMathFunction, IconSearch, IconSettings, IconX } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import {
  INDICATORS,
  type IndicatorDef,
  indicatorById,
  indicatorTitle,
} from '../../../../src-shared/indicators/index.ts';
import { type Command, useCommands } from '../../../state/commands.ts';
import {
  type IndicatorInstance,
  indicatorActions,
  MOST_INDICATORS,
  useCellIndicators,
} from './indicatorStore.ts';
import './indicators.css';

const ICON = { size: 14, stroke: 1.7, 'aria-hidden': true } as const;
const GROUPS = [
  ['overlay', 'Over the candles'],
  ['pane', 'In a pane of its own'],
] as const;

/** Indicators whose name, abbreviation or description has every word that was typed. */
export function searchIndicators(typed: string): IndicatorDef[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return INDICATORS.filter((d) => {
    const text = `${d.name} ${d.short} ${d.id} ${d.about}`.toLowerCase();
    return words.every((w) => text.includes(w));
  });
}

function OwnRow({
  cellId,
  instance,
  onEdit,
}: {
  readonly cellId: string;
  readonly instance: IndicatorInstance;
  readonly onEdit: () => void;
}) {
  const name = indicatorTitle(indicatorById(instance.kind), instance.values);
  return (
    <li className="ft-ind-own" data-visible={instance.visible}>
      <span className="ft-grow ft-ellipsis">{name}</span>
      <ActionIcon
        size={22}
        aria-label={instance.visible ? `Hide ${name}` : `Show ${name}`}
        onClick={() => indicatorActions.toggle(cellId, instance.id)}
      >
        {instance.visible ? <IconEye {...ICON} /> : <IconEyeOff {...ICON} />}
      </ActionIcon>
      <ActionIcon size={22} aria-label={`Settings of ${name}`} onClick={onEdit}>
        <IconSettings {...ICON} />
      </ActionIcon>
      <ActionIcon
        size={22}
        aria-label={`Remove ${name}`}
        onClick={() => indicatorActions.remove(cellId, instance.id)}
      >
        <IconX {...ICON} />
      </ActionIcon>
    </li>
  );
}

/** Moves the focus through the buttons of the list by arrows. */
function onArrow(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('input[type=text], .ft-ind-add')];
  const at = all.indexOf(document.activeElement as HTMLElement);
  const next = all[at + (event.key === 'ArrowDown' ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function AddList({
  found,
  full,
  onAdd,
}: {
  readonly found: readonly IndicatorDef[];
  readonly full: boolean;
  readonly onAdd: (kind: string) => void;
}) {
  if (found.length === 0) return <p className="ft-dim ft-small">No indicator is called that.</p>;
  return (
    <div className="ft-ind-list">
      {GROUPS.map(([group, title]) => {
        const own = found.filter((d) => d.group === group);
        if (own.length === 0) return null;
        return (
          <fieldset key={group} className="ft-ind-section">
            <legend>{title}</legend>
            {own.map((d) => (
              <button
                key={d.id}
                type="button"
                className="ft-ind-add"
                disabled={full}
                title={d.about}
                aria-label={`Add ${d.name}`}
                onClick={() => onAdd(d.id)}
              >
                <span className="ft-grow ft-ellipsis">{d.name}</span>
                <span className="ft-dim">{d.short}</span>
              </button>
            ))}
          </fieldset>
        );
      })}
    </div>
  );
}

function Patterns({ cellId }: { readonly cellId: string }) {
  const { patterns } = useCellIndicators(cellId);
  return (
    <div className="ft-ind-patterns">
      <Switch
        label="Mark candlestick patterns"
        checked={patterns.candles}
        onChange={(e) => indicatorActions.setPatterns(cellId, { candles: e.currentTarget.checked })}
      />
      <Switch
        label="Mark double tops and bottoms, heads and shoulders"
        checked={patterns.swings}
        onChange={(e) => indicatorActions.setPatterns(cellId, { swings: e.currentTarget.checked })}
      />
    </div>
  );
}

function MenuBody({ cellId, onClose }: { readonly cellId: string; readonly onClose: () => void }) {
  const { list } = useCellIndicators(cellId);
  const [typed, setTyped] = useState('');
  const found = useMemo(() => searchIndicators(typed), [typed]);
  const full = list.length >= MOST_INDICATORS;
  const edit = (id: string) => {
    onClose();
    indicatorActions.edit(cellId, id);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between the buttons inside
    <div className="ft-ind-menu" onKeyDown={onArrow}>
      <TextInput
        data-autofocus
        aria-label="Search indicators"
        placeholder="Search indicators"
        leftSection={<IconSearch size={13} stroke={1.7} aria-hidden />}
        value={typed}
        onChange={(e) => setTyped(e.currentTarget.value)}
        onKeyDown={(e) => {
          const first = found[0];
          if (e.key !== 'Enter' || !first || typed.trim() === '') return;
          indicatorActions.add(cellId, first.id);
          // The next one can be typed at once.
          setTyped('');
        }}
      />
      {list.length > 0 && (
        <fieldset className="ft-ind-section">
          <legend>
            On this chart
            <button type="button" className="ft-link" onClick={() => indicatorActions.removeAll(cellId)}>
              Remove all
            </button>
          </legend>
          <ul className="ft-ind-owns">
            {list.map((x) => (
              <OwnRow key={x.id} cellId={cellId} instance={x} onEdit={() => edit(x.id)} />
            ))}
          </ul>
        </fieldset>
      )}
      {full && (
        <p className="ft-warn ft-small">A chart holds {MOST_INDICATORS} indicators. Remove one first.</p>
      )}
      <AddList found={found} full={full} onAdd={(kind) => indicatorActions.add(cellId, kind)} />
      <Patterns cellId={cellId} />
    </div>
  );
}

function useIndicatorCommands(cellId: string, open: () => void): void {
  useCommands(
    useMemo(
      (): Command[] => [
        {
          id: 'chart.indicators',
          label: 'Indicators of the chart',
          group: 'Chart',
          shortcut: 'Alt I',
          run: open,
        },
        ...INDICATORS.map((d) => ({
          id: `chart.indicator.${d.id}`,
          label: `Add ${d.name} (${d.short})`,
          group: 'Indicators',
          description: d.about,
          run: () => void indicatorActions.add(cellId, d.id),
        })),
      ],
      [cellId, open],
    ),
  );
}

/** The button in the toolbar that adds, changes and removes indicators of the chart that has the keyboard. */
export function IndicatorMenu({ cellId }: { readonly cellId: string }) {
  const [opened, setOpened] = useState(false);
  const { list } = useCellIndicators(cellId);
  const open = useRef(() => setOpened(true)).current;
  useIndicatorCommands(cellId, open);
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== 'KeyI') return;
      event.preventDefault();
      setOpened((was) => !was);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-end"
      trapFocus
      returnFocus
      withinPortal
      shadow="md"
    >
      <Popover.Target>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          className="ft-ind-button"
          aria-label="Indicators"
          aria-expanded={opened}
          title="Indicators and patterns (Alt+I)"
          leftSection={<IconMathFunction size={15} stroke={1.7} aria-hidden />}
          onClick={() => setOpened((was) => !was)}
        >
          <span className="ft-num">{list.length > 0 ? list.length : 'Indicators'}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown className="ft-ind-dropdown" aria-label="Indicators">
        <MenuBody cellId={cellId} onClose={() => setOpened(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}
