import { IconAlertCircle, IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import type { Severity } from './timeline.ts';

/** How each severity is coloured; its icon and name carry it as well. */
export const TONES: Readonly<Record<Severity, 'bad' | 'warn' | 'dim'>> = {
  error: 'bad',
  warning: 'warn',
  info: 'dim',
};
const ICONS = { error: IconAlertCircle, warning: IconAlertTriangle, info: IconInfoCircle } as const;

/** A severity by icon, colour and name. */
export function SeverityMark({ severity }: { readonly severity: Severity }) {
  const Icon = ICONS[severity];
  return (
    <span className={`ft-cell-line ft-${TONES[severity]}`}>
      <Icon size={14} stroke={1.7} aria-hidden />
      {severity}
    </span>
  );
}
