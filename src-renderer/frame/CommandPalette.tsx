import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { type Command, useAllCommands } from '../state/commands.ts';

const GROUP_ORDER = [
  'Trading',
  'Training',
  'Backtest',
  'Optimise',
  'Data',
  'Tabs',
  'Markets',
  'Chart',
  'Window',
];

function rank(group: string): number {
  const at = GROUP_ORDER.indexOf(group);
  return at < 0 ? GROUP_ORDER.length : at;
}

function asGroups(commands: readonly Command[]): SpotlightActionGroupData[] {
  const groups = new Map<string, Command[]>();
  for (const c of commands) groups.set(c.group, [...(groups.get(c.group) ?? []), c]);
  return [...groups]
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([group, members]) => ({
      group,
      actions: members.map((c) => ({
        id: c.id,
        label: c.label,
        onClick: c.run,
        ...(c.description === undefined ? {} : { description: c.description }),
        ...(c.keywords === undefined ? {} : { keywords: [...c.keywords] }),
        ...(c.shortcut === undefined ? {} : { rightSection: <kbd className="ft-kbd">{c.shortcut}</kbd> }),
      })),
    }));
}

/** Every action by name, with Ctrl/Cmd-K. */
export function CommandPalette() {
  const commands = useAllCommands();
  return (
    <Spotlight
      aria-label="Commands"
      actions={asGroups(commands)}
      shortcut="mod + K"
      tagsToIgnore={[]}
      highlightQuery
      nothingFound="No command of that name"
      maxHeight={420}
      overlayProps={{ backgroundOpacity: 0.45, blur: 0 }}
      scrollable
      size={560}
      searchProps={{
        leftSection: <IconSearch size={16} stroke={1.6} aria-hidden />,
        placeholder: 'What do you want to do?',
        'aria-label': 'Search commands',
      }}
    />
  );
}
