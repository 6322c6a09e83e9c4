import { IconFlask, IconPencil, IconPlugConnected } from '@tabler/icons-react';

/** Marks generated data. It accompanies the symbol wherever that is shown. */
export function SyntheticBadge({ title }: { readonly title?: string }) {
  return (
    <span
      className="ft-badge ft-badge-synthetic"
      title={title ?? 'Generated data: no market ever traded at these prices.'}
    >
      <IconFlask size={11} stroke={2} aria-hidden />
      SYNTHETIC
    </span>
  );
}

const SESSION_TITLES = {
  PAPER: 'Paper account: orders are simulated, no money moves.',
  LIVE: 'Live account: orders move real money.',
  SHADOW: 'Shadow: decisions are recorded, no orders are sent.',
} as const;

/** What kind of account a session trades on. */
export function SessionBadge({ badge }: { readonly badge: 'PAPER' | 'LIVE' | 'SHADOW' }) {
  return (
    <span className={`ft-badge ft-badge-${badge.toLowerCase()}`} title={SESSION_TITLES[badge]}>
      {badge === 'PAPER' && <IconPencil size={11} stroke={2} aria-hidden />}
      {badge === 'LIVE' && <IconPlugConnected size={11} stroke={2} aria-hidden />}
      {badge}
    </span>
  );
}
