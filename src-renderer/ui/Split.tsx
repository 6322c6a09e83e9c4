import type { ReactNode } from 'react';
import { Group, type Layout, Panel as ResizablePanel, Separator } from 'react-resizable-panels';
import { recall, remember } from '../state/remember.ts';

export interface SplitPart {
  readonly id: string;
  readonly content: ReactNode;
  /** Share of the space in per cent at first. */
  readonly size: number;
  /** Smallest size in pixels. */
  readonly min?: number;
}
interface SplitProps {
  /** Names the split; its sizes are remembered under it. */
  readonly id: string;
  readonly direction: 'horizontal' | 'vertical';
  readonly parts: readonly SplitPart[];
}

function savedLayout(id: string, parts: readonly SplitPart[]): Layout | undefined {
  const raw = recall(`split.${id}`);
  if (typeof raw !== 'object' || raw === null) return undefined;
  const layout: Layout = {};
  for (const part of parts) {
    const size = (raw as Record<string, unknown>)[part.id];
    if (typeof size !== 'number') return undefined;
    layout[part.id] = size;
  }
  return layout;
}

/** Parts side by side (or one below the other) with bars between them that can be dragged or moved by arrow keys. */
export function Split({ id, direction, parts }: SplitProps) {
  const shown = parts.map((p) => p.id).join('+');
  const key = `${id}.${shown}`;
  const saved = savedLayout(key, parts);
  return (
    <Group
      key={key}
      orientation={direction}
      className="ft-split"
      {...(saved ? { defaultLayout: saved } : {})}
      onLayoutChanged={(layout, meta) => {
        // Only what the user chose is kept; what a small window forces is not.
        if (meta.isUserInteraction) remember(`split.${key}`, layout);
      }}
    >
      {parts.flatMap((part, i) => [
        ...(i === 0
          ? []
          : [<Separator key={`bar-${part.id}`} className="ft-split-bar" aria-label="Resize panels" />]),
        <ResizablePanel key={part.id} id={part.id} defaultSize={`${part.size}%`} minSize={part.min ?? 120}>
          {part.content}
        </ResizablePanel>,
      ])}
    </Group>
  );
}
