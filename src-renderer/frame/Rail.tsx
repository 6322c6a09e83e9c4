import type { KeyboardEvent } from 'react';
import { activeJobs, useStatus } from '../state/status.ts';
import { useWorkspace } from '../state/workspace.ts';
import { Mark } from './Mark.tsx';
import { TAB_INFO } from './tabs.ts';

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')];
  const at = tabs.indexOf(document.activeElement as HTMLElement);
  tabs[(at + step + tabs.length) % tabs.length]?.focus();
}

/** The tabs, down the left side. */
export function Rail() {
  const tab = useWorkspace((w) => w.tab);
  const setTab = useWorkspace((w) => w.setTab);
  const status = useStatus();
  const atWork = new Set(activeJobs(status?.jobs ?? []).map((job) => job.kind));
  const sessionRuns = status?.live?.state === 'running';
  return (
    <div
      className="ft-rail"
      role="tablist"
      aria-orientation="vertical"
      aria-label="Tabs"
      onKeyDown={moveFocus}
    >
      <div className="ft-mark">
        <Mark />
      </div>
      {TAB_INFO.map(({ name, label, icon: Icon, jobKinds }, i) => {
        const busy = jobKinds.some((kind) => atWork.has(kind)) || (name === 'live' && sessionRuns);
        return (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            data-testid={`tab-${name}`}
            className="ft-tab"
            aria-selected={tab === name}
            aria-controls={`view-${name}`}
            tabIndex={tab === name ? 0 : -1}
            title={`${label} (${i + 1})${busy ? ': at work' : ''}`}
            onClick={() => setTab(name)}
          >
            <Icon size={20} stroke={1.6} aria-hidden />
            {label}
            {busy && <span className="ft-tab-dot" aria-hidden />}
          </button>
        );
      })}
    </div>
  );
}
