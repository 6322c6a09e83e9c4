import type { ReactNode } from 'react';

interface PanelProps {
  readonly title: ReactNode;
  /** Controls at the right of the title bar. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** Content to the edge: tables and charts. */
  readonly flush?: boolean;
  readonly className?: string;
}

/** A titled box of a tab. It fills the height it is given and scrolls inside. */
export function Panel({ title, actions, children, flush = false, className = '' }: PanelProps) {
  return (
    <section className={`ft-panel ${className}`}>
      <header className="ft-panel-head">
        <h2 className="ft-panel-title">{title}</h2>
        {actions && <div className="ft-panel-actions">{actions}</div>}
      </header>
      <div className={flush ? 'ft-panel-body ft-flush' : 'ft-panel-body'}>{children}</div>
    </section>
  );
}
