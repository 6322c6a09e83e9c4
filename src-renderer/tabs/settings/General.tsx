import { SegmentedControl, Stack } from '@mantine/core';
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { SystemInfo } from '../../../src-shared/contract/system.ts';
import { SHORTCUTS } from '../../frame/keys.ts';
import { usePreferences } from '../../state/preferences.ts';
import { formatBytes, formatNumber, formatTime } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { Split } from '../../ui/Split.tsx';
import { ErrorState, LoadingState } from '../../ui/states.tsx';

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly help: ReactNode;
  readonly value: T;
  readonly options: ReadonlyArray<{ readonly value: T; readonly label: string }>;
  readonly onChange: (value: T) => void;
}

function Choice<T extends string>({ label, help, value, options, onChange }: ChoiceProps<T>) {
  return (
    <div className="ft-choice">
      <div>
        <div className="ft-choice-label">{label}</div>
        <div className="ft-dim ft-small">{help}</div>
      </div>
      <SegmentedControl
        aria-label={label}
        value={value}
        data={options.map((o) => ({ ...o }))}
        onChange={(v) => onChange(v as T)}
      />
    </div>
  );
}

function PairSample() {
  return (
    <span className="ft-num">
      <span className="ft-up">▲ +12.40</span> <span className="ft-down">▼ −7.15</span>
    </span>
  );
}

function LookPanel() {
  const p = usePreferences((all) => all);
  return (
    <Panel title="Look">
      <Stack gap="md">
        <Choice
          label="Theme"
          help="Dark is made for long hours, light for bright rooms."
          value={p.scheme}
          onChange={p.setScheme}
          options={[
            { value: 'dark', label: 'Dark' },
            { value: 'light', label: 'Light' },
          ]}
        />
        <Choice
          label="Colours for up and down"
          help={
            <>
              Blue and orange can be told apart with any colour vision. <PairSample />
            </>
          }
          value={p.pair}
          onChange={p.setPair}
          options={[
            { value: 'blue-orange', label: 'Blue / orange' },
            { value: 'green-red', label: 'Green / red' },
          ]}
        />
        <Choice
          label="Clock zone"
          help={`Times read ${formatTime(Date.now(), { zone: p.zone })}; hovering a time shows UTC.`}
          value={p.zone}
          onChange={p.setZone}
          options={[
            { value: 'utc', label: 'UTC' },
            { value: 'local', label: 'Local' },
          ]}
        />
      </Stack>
    </Panel>
  );
}

function Engines({ engines }: { readonly engines: SystemInfo['engines'] }) {
  return (
    <ul className="ft-engines">
      {engines.map((e) => (
        <li key={e.name}>
          {e.available ? (
            <IconCircleCheck size={16} className="ft-ok" aria-label="available" />
          ) : (
            <IconCircleX size={16} className="ft-dim" aria-label="not available" />
          )}
          <div>
            <strong>{e.name === 'cpu' ? 'CPU' : 'WebGPU'}</strong>{' '}
            <span className="ft-dim">{e.available ? 'available' : 'not available'}</span>
            <div className="ft-dim ft-small">{e.detail}</div>
          </div>
        </li>
      ))}
    </ul>
  );
}

const HOSTS = { desktop: 'Desktop window', loopback: 'Browser on this machine', cli: 'Command line' };

function Facts({ info }: { readonly info: SystemInfo }) {
  return (
    <>
      <h3 className="ft-settings-head">Training engines</h3>
      <Engines engines={info.engines} />
      <h3 className="ft-settings-head">This installation</h3>
      <dl className="ft-facts">
        <dt>Version</dt>
        <dd>Frontier {info.version}</dd>
        <dt>Host</dt>
        <dd>{HOSTS[info.host]}</dd>
        <dt>Data folder</dt>
        <dd className="ft-mono">{info.home}</dd>
        <dt>Secrets</dt>
        <dd>{info.secretStore}</dd>
        <dt>Runtime</dt>
        <dd>
          Node {info.nodeVersion}, {info.platform}
        </dd>
        <dt>Processor</dt>
        <dd>
          {info.cpuModel}, {formatNumber(info.cpuCores)} {info.cpuCores === 1 ? 'core' : 'cores'}
        </dd>
        <dt>Memory</dt>
        <dd>{formatBytes(info.memoryBytes)}</dd>
      </dl>
    </>
  );
}

function SystemPanel() {
  const { data, error, reload } = useQuery('system.info', () => rpc.system.info(), []);
  return (
    <Panel title="System">
      {data ? (
        <Facts info={data} />
      ) : error ? (
        <ErrorState error={error} onRetry={reload} />
      ) : (
        <LoadingState label="Asking the engine" />
      )}
      <p className="ft-dim ft-small">
        Price charts by TradingView Lightweight Charts™, Copyright © TradingView, Inc.,
        https://www.tradingview.com/
      </p>
    </Panel>
  );
}

function ShortcutsPanel() {
  return (
    <Panel title="Keyboard">
      <table className="ft-keys">
        <tbody>
          {SHORTCUTS.map((s) => (
            <tr key={s.does}>
              <td>
                {s.keys.map((key) => (
                  <kbd key={key} className="ft-kbd">
                    {key}
                  </kbd>
                ))}
              </td>
              <td>{s.does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** How it looks, which keys it knows, and what it runs on. */
export function GeneralSettings() {
  const left = (
    <Split
      id="settings-left"
      direction="vertical"
      parts={[
        { id: 'look', content: <LookPanel />, size: 36, min: 150 },
        { id: 'keys', content: <ShortcutsPanel />, size: 64, min: 150 },
      ]}
    />
  );
  return (
    <Split
      id="settings"
      direction="horizontal"
      parts={[
        { id: 'left', content: left, size: 54, min: 380 },
        { id: 'system', content: <SystemPanel />, size: 46, min: 320 },
      ]}
    />
  );
}
