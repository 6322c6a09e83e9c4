import { ActionIcon, ColorSwatch, Popover, TextInput } from '@mantine/core';
import { IconCopy, IconLock, IconLockOpen, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import { duplicate } from './drawingKeys.ts';
import { DRAWING_COLORS } from './drawingStore.ts';
import { drawings } from './drawings.ts';
import { kindName } from './geometry.ts';

const ICON = { size: 15, stroke: 1.7, 'aria-hidden': true } as const;
const LONGEST_TEXT = 200;

function Colours({ drawing }: { readonly drawing: Drawing }) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} trapFocus returnFocus withinPortal position="bottom">
      <Popover.Target>
        <ActionIcon
          aria-label="Colour"
          title="Colour"
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          <ColorSwatch size={14} color={drawing.color} withShadow={false} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className="ft-draw-colours" aria-label="Colour of the drawing">
        {DRAWING_COLORS.map((color) => (
          <ColorSwatch
            key={color}
            component="button"
            type="button"
            size={18}
            color={color}
            withShadow={false}
            aria-label={`Colour ${color}`}
            aria-pressed={drawing.color === color}
            onClick={() => {
              drawings.store.setState({ color });
              void drawings.change(drawing, { ...drawing, color });
              setOpened(false);
            }}
          />
        ))}
      </Popover.Dropdown>
    </Popover>
  );
}

function Label({ drawing }: { readonly drawing: Drawing }) {
  const [typed, setTyped] = useState(drawing.text ?? '');
  const keep = () => {
    const text = typed.trim();
    if (text === (drawing.text ?? '')) return;
    const { text: _old, ...rest } = drawing;
    void drawings.change(drawing, text === '' ? rest : { ...rest, text });
  };
  return (
    <TextInput
      w={128}
      size="xs"
      aria-label="Label of the drawing"
      placeholder="Label"
      maxLength={LONGEST_TEXT}
      value={typed}
      onChange={(e) => setTyped(e.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(e) => {
        if (e.key === 'Enter') keep();
        if (e.key === 'Escape') setTyped(drawing.text ?? '');
        e.stopPropagation();
      }}
    />
  );
}

/** What can be done to the chosen drawing, in the corner of the chart that has the keyboard. */
export function ChosenBar({ drawing }: { readonly drawing: Drawing }) {
  const { locked = false } = drawing;
  return (
    <div className="ft-draw-bar" role="toolbar" aria-label={`${kindName(drawing.kind)} on the chart`}>
      <Colours drawing={drawing} />
      <Label drawing={drawing} />
      <ActionIcon
        aria-label={locked ? 'Unlock' : 'Lock'}
        title={locked ? 'Unlock: it can be moved again' : 'Lock: it can no longer be moved or deleted by key'}
        aria-pressed={locked}
        onClick={() => void drawings.change(drawing, { ...drawing, locked: !locked })}
      >
        {locked ? <IconLock {...ICON} /> : <IconLockOpen {...ICON} />}
      </ActionIcon>
      <ActionIcon aria-label="Duplicate" title="Duplicate (Ctrl+D)" onClick={() => void duplicate(drawing)}>
        <IconCopy {...ICON} />
      </ActionIcon>
      <ActionIcon
        aria-label="Delete the drawing"
        title="Delete (Del)"
        onClick={() => void drawings.remove(drawing.id)}
      >
        <IconTrash {...ICON} />
      </ActionIcon>
    </div>
  );
}
