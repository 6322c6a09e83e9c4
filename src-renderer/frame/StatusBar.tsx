import { Popover, Progress } from '@mantine/core';
import { IconClock, IconCpu, IconPlugConnected } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { JobDto } from '../../src-shared/contract/common.ts';
import type { StatusDto } from '../../src-shared/contract/system.ts';
import { usePreferences } from '../state/preferences.ts';
import { activeJobs, useStatus } from '../state/status.ts';
import { formatBytes, formatDuration, formatNumber, formatTime, formatUtc, UNKNOWN } from '../ui/format.ts';
import { useConnection } from '../ui/rpc.ts';

const ENGINE_NAMES: Record<string, string> = { cpu: 'CPU', webgpu: 'WebGPU (GPU)' };

function EngineItem({ status }: { readonly status: StatusDto | undefined }) {
  const state = useConnection();
  const words = { open: 'ready', connecting: 'connecting…', closed: 'not reachable' }[state];
  const engine = status?.engine ? (ENGINE_NAMES[status.engine] ?? status.engine) : UNKNOWN;
  return (
    <span className="ft-status-item" title={`Engine ${words}; computes on ${engine}`}>
      <span className="ft-dot" data-state={state === 'open' ? 'ok' : state === 'closed' ? 'bad' : 'warn'} />
      <IconCpu size={13} stroke={1.7} aria-hidden />
      {state === 'open' ? `Engine: ${engine}` : `Engine ${words}`}
    </span>
  );
}

function BrokerItem({ status }: { readonly status: StatusDto | undefined }) {
  const broker = status?.broker;
  const dot = broker?.state === 'connected' ? 'ok' : broker?.state === 'disconnected' ? 'bad' : 'idle';
  return (
    <span className="ft-status-item" title="Connection to the broker">
      <span className="ft-dot" data-state={dot} />
      <IconPlugConnected size={13} stroke={1.7} aria-hidden />
      {broker ? `Broker: ${broker.name}, ${broker.state}` : `Broker: ${UNKNOWN}`}
    </span>
  );
}

function JobLine({ job }: { readonly job: JobDto }) {
  const percent = Math.round(100 * Math.min(1, Math.max(0, job.fraction)));
  return (
    <>
      <span className="ft-ellipsis" style={{ maxWidth: 240 }}>
        {job.title}
      </span>
      <Progress
        w={90}
        value={percent}
        aria-label={`${job.title}: ${percent} %`}
        {...(job.state === 'paused' ? { color: 'yellow' } : {})}
      />
      <span style={{ minWidth: 34, textAlign: 'right' }}>{percent} %</span>
      <span style={{ minWidth: 96 }}>
        {job.state === 'running'
          ? job.etaMs === undefined
            ? 'time left: –'
            : `${formatDuration(job.etaMs)} left`
          : job.state}
      </span>
    </>
  );
}

function JobsItem({ jobs }: { readonly jobs: readonly JobDto[] }) {
  const first = jobs[0];
  if (!first) return <span className="ft-status-item">No jobs running</span>;
  if (jobs.length === 1) {
    return (
      <span className="ft-status-item">
        <JobLine job={first} />
      </span>
    );
  }
  return (
    <Popover position="top-start" withArrow shadow="md">
      <Popover.Target>
        <button type="button" className="ft-status-item" aria-label={`${jobs.length} jobs running: show all`}>
          <JobLine job={first} />
          <span>+{jobs.length - 1}</span>
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        {jobs.map((job) => (
          <div key={job.id} className="ft-status-item" style={{ fontSize: 12, padding: '3px 0' }}>
            <JobLine job={job} />
          </div>
        ))}
      </Popover.Dropdown>
    </Popover>
  );
}

function FeedItem({ status }: { readonly status: StatusDto | undefined }) {
  const live = status?.live;
  if (!live) return null;
  const age = live.feedAgeMs;
  const text = age === null ? UNKNOWN : age < 1000 ? `${formatNumber(age, 0)} ms` : formatDuration(age);
  return (
    <span className="ft-status-item" title="Time since the last price of the session's feed">
      <span className="ft-dot" data-state={age === null ? 'idle' : age < 10_000 ? 'ok' : 'warn'} />
      Feed age: <span style={{ minWidth: 44 }}>{text}</span>
    </span>
  );
}

function ClockItem() {
  const zone = usePreferences((p) => p.zone);
  const setZone = usePreferences((p) => p.setZone);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const other = zone === 'utc' ? 'the local zone' : 'UTC';
  return (
    <button
      type="button"
      className="ft-status-item"
      aria-label={`Clock zone: show times in ${other}`}
      title={`${formatUtc(now)} — click to show times in ${other}`}
      onClick={() => setZone(zone === 'utc' ? 'local' : 'utc')}
    >
      <IconClock size={13} stroke={1.7} aria-hidden />
      {formatTime(now, { seconds: true, zone })}
    </button>
  );
}

/** Engine, broker, jobs, feed, memory and clock: along the bottom. */
export function StatusBar() {
  const status = useStatus();
  return (
    <footer className="ft-status" data-testid="status-bar">
      <EngineItem status={status} />
      <BrokerItem status={status} />
      {status ? (
        <JobsItem jobs={activeJobs(status.jobs)} />
      ) : (
        <span className="ft-status-item">Jobs: {UNKNOWN}</span>
      )}
      <div className="ft-grow" />
      <FeedItem status={status} />
      <span className="ft-status-item" title="Memory of the engine">
        Memory: {formatBytes(status?.memoryBytes)}
      </span>
      <ClockItem />
    </footer>
  );
}
