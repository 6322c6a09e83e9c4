import { Button, Radio } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { DeviceDto } from '../../../../src-shared/contract/training.ts';
import { formatBytes, formatNumber } from '../../../ui/format.ts';
import { invalidate, rpc } from '../../../ui/rpc.ts';
import { ErrorLine, ErrorState, LoadingState } from '../../../ui/states.tsx';
import { deviceOf, type SwitchNote, switchNotes } from '../deviceNotes.ts';
import { ExplainedRow } from '../Field.tsx';
import { fieldOf } from '../fields.ts';
import { MemoryBar } from '../MemoryBar.tsx';
import { useDevices } from '../queries.ts';
import { setField, useTraining } from '../trainingStore.ts';
import type { SectionProps } from './section.ts';

const AGAIN_MS = 5000;

function chooseEngine(engine: string): void {
  setField('engine', engine);
  setField('device', '');
}

function EngineChoice({ devices }: { readonly devices: readonly DeviceDto[] }) {
  const engine = useTraining((s) => s.draft.engine);
  const spec = fieldOf('engine');
  const options = spec.kind === 'choice' ? spec.options : [];
  return (
    <Radio.Group value={engine} onChange={chooseEngine} aria-label="Engine">
      <div className="ft-engines">
        {options.map(({ value, label }) => {
          const own = devices.filter((d) => d.engine === value);
          const usable = value === 'auto' || own.length === 0 || own.some((d) => d.available);
          const why = own.find((d) => !d.available)?.detail;
          return (
            <Radio
              key={value}
              size="xs"
              value={value}
              label={label}
              title={usable ? undefined : why}
              description={usable ? undefined : 'not available here'}
            />
          );
        })}
      </div>
    </Radio.Group>
  );
}

function MemoryOfDevice({ device: d }: { readonly device: DeviceDto }) {
  if (d.memoryBytes === null) return <span className="ft-dim">memory unknown</span>;
  const used = d.freeBytes === null ? null : d.memoryBytes - d.freeBytes;
  return (
    <span className="ft-device-memory ft-num">
      {used !== null && (
        <MemoryBar
          label={`Memory in use on ${d.name}`}
          usedBytes={used}
          ofBytes={d.memoryBytes}
          tone={used > 0.9 * d.memoryBytes ? 'warn' : 'dim'}
        />
      )}
      {used === null
        ? formatBytes(d.memoryBytes)
        : `${formatBytes(d.freeBytes)} free of ${formatBytes(d.memoryBytes)}`}
    </span>
  );
}

function readings(d: DeviceDto): string[] {
  return [
    d.utilization === null ? '' : `${formatNumber(d.utilization, 0)} % busy`,
    d.temperatureC === null ? '' : `${formatNumber(d.temperatureC, 0)} °C`,
    d.powerWatt === null ? '' : `${formatNumber(d.powerWatt, 0)} W`,
    d.fanPct === null ? '' : `fan ${formatNumber(d.fanPct, 0)} %`,
    d.probeMs === null || d.detail.includes('probe') ? '' : `probe ${formatNumber(d.probeMs, 1)} ms`,
    d.driver === null ? '' : `driver ${d.driver}`,
    d.supports.graphCapture ? 'graph capture' : '',
    d.supports.tf32 ? 'TF32' : '',
  ].filter((text) => text !== '');
}

interface DeviceRowProps {
  readonly device: DeviceDto;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

function DeviceRow({ device: d, chosen, onChoose }: DeviceRowProps) {
  return (
    <label className="ft-device" data-chosen={chosen} data-available={d.available} data-device={d.id}>
      <input type="radio" name="train-device" checked={chosen} disabled={!d.available} onChange={onChoose} />
      <span className="ft-device-name">
        {d.name} <span className="ft-mono ft-dim">{d.id}</span>
      </span>
      {d.available && <MemoryOfDevice device={d} />}
      <span className="ft-device-detail ft-dim ft-small ft-num">
        {[...(d.available ? readings(d) : ['not available']), d.detail].filter((t) => t !== '').join(' · ')}
      </span>
    </label>
  );
}

function Devices({ devices }: { readonly devices: readonly DeviceDto[] }) {
  const engine = useTraining((s) => s.draft.engine);
  const device = useTraining((s) => s.draft.device);
  const current = deviceOf(devices, engine, device);
  const choose = (d: DeviceDto) => {
    setField('engine', d.engine);
    setField('device', d.id);
  };
  if (devices.length === 0) return <p className="ft-form-note">No device was found.</p>;
  return (
    <div className="ft-devices" role="radiogroup" aria-label="Device">
      {devices.map((d) => (
        <DeviceRow key={d.id} device={d} chosen={d.id === current?.id} onChoose={() => choose(d)} />
      ))}
    </div>
  );
}

function useProbe() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const probe = () => {
    setBusy(true);
    setError(undefined);
    rpc.training
      .hardware({ probe: true })
      .then(() => invalidate('training.hardware'), setError)
      .finally(() => setBusy(false));
  };
  return { busy, error, probe };
}

function Where({ errors }: Pick<SectionProps, 'errors'>) {
  const { data, error, reload } = useDevices();
  const { busy, error: probeError, probe } = useProbe();
  useEffect(() => {
    const timer = setInterval(reload, AGAIN_MS);
    return () => clearInterval(timer);
  }, [reload]);
  return (
    <section>
      <div className="ft-config-title-line">
        <h3 className="ft-config-title">Engine and device</h3>
        <Button
          size="compact-xs"
          leftSection={<IconRefresh size={13} aria-hidden />}
          loading={busy}
          title="Tries each engine for real; takes some seconds"
          onClick={probe}
        >
          Try the engines
        </Button>
      </div>
      <p className="ft-form-note">{fieldOf('engine').help}</p>
      <EngineChoice devices={data ?? []} />
      {errors.device && <p className="ft-form-note ft-bad">{errors.device}</p>}
      {probeError ? <ErrorLine error={probeError} /> : null}
      {data ? (
        <Devices devices={data} />
      ) : error ? (
        <ErrorState error={error} onRetry={reload} />
      ) : (
        <LoadingState label="Asking the devices" />
      )}
    </section>
  );
}

const SWITCHES = [
  'precision',
  'tf32',
  'graphOptimization',
  'checkpointing',
  'attention',
  'layout',
  'threads',
  'devices',
  'averageEvery',
] as const;

function noteProps(note: SwitchNote | undefined): { note?: string; tone?: 'dim' | 'warn' } {
  return note === undefined ? {} : { note: note.text, tone: note.tone };
}

/** Said rather than offered: a switch that can do nothing would promise something. */
function GraphCapture({ devices }: { readonly devices: readonly DeviceDto[] }) {
  const able = devices.filter((d) => d.available && d.supports.graphCapture).map((d) => d.name);
  return (
    <div className="ft-explained" data-setting="graphCapture">
      <div className="ft-explained-text">
        <div className="ft-explained-name">CUDA graphs</div>
        <p className="ft-form-note">
          Records the launches of a step once and plays them back, which saves time on small models.{' '}
          {able.length > 0
            ? `Used on ${able.join(', ')} without a switch.`
            : 'A recording may hold no loop, and training runs many steps as one: no engine here can use them.'}
        </p>
      </div>
      <div className="ft-explained-control">
        <span className="ft-dim">{able.length > 0 ? 'automatic' : 'not available'}</span>
      </div>
    </div>
  );
}

/** Where the run computes and how. Each switch says what it does, what it costs, and where it does nothing. */
export function HardwareSection({ family, errors }: SectionProps) {
  const devices = useDevices().data ?? [];
  const draft = useTraining((s) => s.draft);
  const notes = switchNotes(draft, family, deviceOf(devices, draft.engine, draft.device));
  return (
    <>
      <Where errors={errors} />
      <section>
        <h3 className="ft-config-title">Optimisation</h3>
        {SWITCHES.map((name) => (
          <ExplainedRow key={name} name={name} error={errors[name]} {...noteProps(notes[name])} />
        ))}
        <GraphCapture devices={devices} />
      </section>
    </>
  );
}
