import { Button, Loader } from '@mantine/core';
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { describeError } from './errors.ts';

interface EmptyStateProps {
  readonly icon?: ReactNode;
  readonly title: string;
  readonly text: ReactNode;
  /** What to do next; one button, two at most. */
  readonly action?: ReactNode;
}

/** Nothing is here yet, and this is what to do about it. */
export function EmptyState({ icon, title, text, action }: EmptyStateProps) {
  return (
    <div className="ft-state">
      {icon && <div className="ft-state-icon">{icon}</div>}
      <p className="ft-state-title">{title}</p>
      <p className="ft-state-text">{text}</p>
      {action && <div className="ft-state-action">{action}</div>}
    </div>
  );
}

interface ErrorStateProps {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
}

/** What went wrong, and the remedy, in the place of what could not be shown. */
export function ErrorState({ error, onRetry }: ErrorStateProps) {
  const { code, title, hint } = describeError(error);
  return (
    <div className="ft-state" role="alert">
      <div className="ft-state-icon ft-bad">
        <IconAlertTriangle size={26} stroke={1.5} aria-hidden />
      </div>
      <p className="ft-state-title">{title}</p>
      {hint && <p className="ft-state-text">{hint}</p>}
      <p className="ft-state-code">{code}</p>
      {onRetry && (
        <div className="ft-state-action">
          <Button leftSection={<IconRefresh size={14} aria-hidden />} onClick={onRetry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

/** The same, as one line inside a form or above content that is still good. */
export function ErrorLine({ error, onRetry }: ErrorStateProps) {
  const { title, hint } = describeError(error);
  return (
    <div className="ft-error-line" role="alert">
      <IconAlertTriangle size={15} stroke={1.7} aria-hidden />
      <div>
        <strong>{title}</strong>
        {hint && <span> {hint}</span>}
      </div>
      {onRetry && (
        <Button size="compact-xs" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Something is on its way. */
export function LoadingState({ label = 'Loading' }: { readonly label?: string }) {
  return (
    <div className="ft-state" role="status" aria-label={label}>
      <Loader />
      <p className="ft-state-text">{label}…</p>
    </div>
  );
}
