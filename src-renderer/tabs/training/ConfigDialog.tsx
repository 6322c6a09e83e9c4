import { Button, Modal } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { type KeyboardEvent, type ReactNode, useMemo } from 'react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { FamilyInfo } from '../../../src-shared/contract/training.ts';
import { useConnection } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { EstimatePanel } from './EstimatePanel.tsx';
import { useRefusal } from './estimate.ts';
import { type Checked, errorsIn, type SectionName } from './fields.ts';
import { SECTIONS } from './fieldTypes.ts';
import { PresetBar } from './PresetBar.tsx';
import { AugmentationSection } from './sections/Augmentation.tsx';
import { ForecastSection } from './sections/Forecast.tsx';
import { HardwareSection } from './sections/Hardware.tsx';
import { LearningSection } from './sections/Learning.tsx';
import { MarketSection } from './sections/Market.tsx';
import { ModelSection } from './sections/Model.tsx';
import type { SectionProps } from './sections/section.ts';
import type { Starter } from './TrainForm.tsx';
import { resetDraft, trainingStore, useTraining } from './trainingStore.ts';

const BODIES: Readonly<Record<SectionName, (props: SectionProps) => ReactNode>> = {
  market: MarketSection,
  forecast: ForecastSection,
  model: ModelSection,
  learning: LearningSection,
  hardware: HardwareSection,
  augmentation: AugmentationSection,
};

const NO_ERRORS: Readonly<Record<string, string>> = {};

function open(section: SectionName): void {
  trainingStore.setState({ section });
}

interface NavProps {
  readonly section: SectionName;
  readonly errors: Readonly<Record<string, string>>;
}

/** The sections as tabs; arrows move between them. */
function Nav({ section, errors }: NavProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    const at = SECTIONS.findIndex((s) => s.name === section);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = step === undefined ? undefined : SECTIONS[at + step];
    if (!next) return;
    event.preventDefault();
    open(next.name);
    document.getElementById(`train-section-${next.name}`)?.focus();
  };
  return (
    <div
      className="ft-config-nav"
      role="tablist"
      aria-orientation="vertical"
      aria-label="Sections"
      onKeyDown={onKeyDown}
    >
      {SECTIONS.map(({ name, label }) => {
        const wrong = errorsIn(name, errors);
        return (
          <button
            key={name}
            type="button"
            role="tab"
            id={`train-section-${name}`}
            aria-selected={name === section}
            aria-controls="train-section-body"
            tabIndex={name === section ? 0 : -1}
            className="ft-config-tab"
            onClick={() => open(name)}
          >
            {label}
            {wrong > 0 && (
              <span className="ft-config-wrong">
                {wrong}
                <span className="ft-sr"> to correct</span>
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}

interface ConfigDialogProps {
  readonly checked: Checked;
  readonly family: FamilyInfo | undefined;
  readonly dataset: DatasetDto;
  readonly starter: Starter;
}

/** Every setting of a run, with what the run would take beside it. */
export function ConfigDialog({ checked, family, dataset, starter }: ConfigDialogProps) {
  const section = useTraining((s) => s.section);
  const input = checked.ok ? checked.input : undefined;
  const errors = checked.ok ? NO_ERRORS : checked.errors;
  const refusal = useRefusal();
  // The band that says so lies behind the dialogue.
  const gone = useConnection() !== 'open';
  const Body = BODIES[section ?? 'market'];
  const close = () => trainingStore.setState({ section: undefined });
  const title = useMemo(() => `Training run on ${dataset.symbol} ${dataset.timeframe}`, [dataset]);
  return (
    <Modal
      opened={section !== undefined}
      onClose={close}
      title={title}
      size="min(1240px, 94vw)"
      padding={0}
      classNames={{ content: 'ft-config', header: 'ft-config-head', body: 'ft-config-body' }}
      transitionProps={{ duration: 0 }}
    >
      <div className="ft-config-columns">
        <Nav section={section ?? 'market'} errors={errors} />
        <div
          className="ft-config-form"
          role="tabpanel"
          id="train-section-body"
          aria-labelledby={`train-section-${section ?? 'market'}`}
          data-testid="config-section"
          data-section={section}
        >
          <Body family={family} dataset={dataset} errors={errors} />
        </div>
        <EstimatePanel input={input} />
      </div>
      <div className="ft-config-foot">
        <PresetBar />
        <Button variant="subtle" color="gray" onClick={resetDraft}>
          Defaults
        </Button>
        <div className="ft-grow">
          {gone ? (
            <p className="ft-form-note ft-warn" role="status">
              The engine cannot be reached. What you set is kept; this waits until it is back.
            </p>
          ) : starter.error ? (
            <ErrorLine error={starter.error} />
          ) : null}
        </div>
        <Button onClick={close}>Close</Button>
        <Button
          variant="filled"
          data-testid="config-start"
          loading={starter.busy}
          disabled={!input || refusal !== undefined || gone}
          title={refusal}
          leftSection={<IconPlayerPlay size={15} aria-hidden />}
          onClick={() => input && void starter.start(input)}
        >
          Start training
        </Button>
      </div>
    </Modal>
  );
}
