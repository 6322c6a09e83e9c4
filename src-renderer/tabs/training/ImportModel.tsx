import {
  Button,
  FileButton,
  Group,
  Modal,
  MultiSelect,
  NumberInput,
  Progress,
  Stack,
  Switch,
} from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useDataset } from '../../state/markets.ts';
import { workspace } from '../../state/workspace.ts';
import { isAbort } from '../../ui/errors.ts';
import { formatBytes } from '../../ui/format.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { EmptyState, ErrorLine } from '../../ui/states.tsx';
import { uploadFile } from '../../ui/upload.ts';
import { useFeatures } from './queries.ts';
import { trainingStore } from './trainingStore.ts';

interface Draft {
  readonly file: File | null;
  readonly features: readonly string[];
  readonly horizonBars: number | string;
  readonly confidence: number | string;
  readonly scale: boolean;
}

function missing({ file, features, horizonBars, confidence }: Draft): string | undefined {
  if (!file) return 'Choose the file.';
  if (features.length === 0) return 'Name the features in the order the file takes them.';
  const bars = Number(horizonBars);
  if (!Number.isInteger(bars) || bars < 1 || bars > 10_080) return 'The horizon is 1 to 10,080 bars.';
  const share = Number(confidence);
  return share >= 0.5 && share <= 0.995 ? undefined : 'Coverage is 0.5 to 0.995.';
}

function useImport(onDone: () => void) {
  const [fraction, setFraction] = useState<number>();
  const [error, setError] = useState<unknown>();
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const start = async (draft: Draft, market: Market) => {
    if (!draft.file) return;
    const control = new AbortController();
    abort.current = control;
    setError(undefined);
    setFraction(0);
    try {
      const uploadId = await uploadFile(draft.file, setFraction, control.signal);
      const model = await rpc.training.importModel({
        uploadId,
        symbol: market.symbol,
        timeframe: market.timeframe,
        features: [...draft.features],
        horizonBars: Number(draft.horizonBars),
        confidence: Number(draft.confidence),
        scale: draft.scale,
      });
      trainingStore.setState({ shownModelId: model.id });
      workspace.getState().setModelId(model.id);
      invalidate('training.');
      onDone();
    } catch (caught) {
      if (!control.signal.aborted || !isAbort(caught)) setError(caught);
    } finally {
      setFraction(undefined);
    }
  };
  return { start, error, fraction };
}
type Market = Pick<NonNullable<ReturnType<typeof useDataset>>, 'symbol' | 'timeframe'>;

interface FieldsProps {
  readonly draft: Draft;
  readonly onChange: (change: Partial<Draft>) => void;
}

function FileField({ draft, onChange }: FieldsProps) {
  return (
    <div className="ft-import-file">
      <FileButton accept=".onnx" onChange={(file) => onChange({ file })}>
        {(props) => (
          <Button {...props} leftSection={<IconFileUpload size={14} aria-hidden />}>
            {draft.file ? 'Choose another file' : 'Choose a file'}
          </Button>
        )}
      </FileButton>
      <span className={draft.file ? 'ft-ellipsis' : 'ft-dim'}>
        {draft.file ? `${draft.file.name}, ${formatBytes(draft.file.size)}` : 'An .onnx file'}
      </span>
    </div>
  );
}

function Fields({ draft, onChange }: FieldsProps) {
  const features = useFeatures();
  return (
    <>
      <FileField draft={draft} onChange={onChange} />
      {features.error ? <ErrorLine error={features.error} onRetry={features.reload} /> : null}
      <MultiSelect
        size="xs"
        label="Features, in the order the file takes them"
        description="The last dimension of its input. They are numbered as you choose them."
        placeholder={draft.features.length === 0 ? 'Choose' : ''}
        data={(features.data ?? []).map((f) => f.name)}
        value={[...draft.features]}
        onChange={(v) => onChange({ features: v })}
        maxDropdownHeight={220}
        searchable
        clearable
      />
      {draft.features.length > 0 && (
        <p className="ft-form-note ft-mono">
          {draft.features.map((name, i) => `${i + 1} ${name}`).join(' · ')}
        </p>
      )}
      <Group grow align="flex-start">
        <NumberInput
          label="Horizon"
          description="Bars ahead whose return the file predicts"
          value={draft.horizonBars}
          min={1}
          max={10_080}
          clampBehavior="none"
          onChange={(v) => onChange({ horizonBars: typeof v === 'bigint' ? Number(v) : v })}
        />
        <NumberInput
          label="Coverage"
          description="Of the interval that is calibrated here"
          value={draft.confidence}
          step={0.01}
          decimalScale={3}
          clampBehavior="none"
          onChange={(v) => onChange({ confidence: typeof v === 'bigint' ? Number(v) : v })}
        />
      </Group>
      <Switch
        label="The file expects scaled features"
        description="Mean 0 and deviation 1 over the training span. Off where the file takes them as they are."
        checked={draft.scale}
        onChange={(e) => onChange({ scale: e.currentTarget.checked })}
      />
    </>
  );
}

/** Brings a model that was made elsewhere: it is calibrated and judged on the market on screen like one of ours. */
export function ImportModelDialog({ onClose }: { readonly onClose: () => void }) {
  const dataset = useDataset();
  const [draft, setDraft] = useState<Draft>({
    file: null,
    features: [],
    horizonBars: 12,
    confidence: 0.9,
    scale: true,
  });
  const { start, error, fraction } = useImport(onClose);
  const wrong = missing(draft);
  const busy = fraction !== undefined;
  const title = dataset
    ? `Import an ONNX model for ${dataset.symbol} ${dataset.timeframe}`
    : 'Import an ONNX model';
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      {dataset ? (
        <Stack gap="sm">
          <p className="ft-form-note">
            Input [batch, window, features] or [batch, features], output [batch, 1]: the return over the
            horizon. The forecast band is calibrated on the stored history, and the model judged on its test
            span.
          </p>
          <Fields draft={draft} onChange={(change) => setDraft((was) => ({ ...was, ...change }))} />
          {busy && <Progress value={100 * (fraction ?? 0)} animated aria-label="Import" />}
          {error ? <ErrorLine error={error} /> : null}
          <Group justify="flex-end">
            {wrong && <span className="ft-form-note ft-grow">{wrong}</span>}
            <Button onClick={onClose}>Cancel</Button>
            <Button
              variant="filled"
              data-testid="model-import-start"
              disabled={wrong !== undefined}
              loading={busy}
              onClick={() => void start(draft, dataset)}
            >
              Import
            </Button>
          </Group>
        </Stack>
      ) : (
        <EmptyState
          title="No history on screen"
          text="A model belongs to a market. Choose or import a history first: the band is calibrated on it."
        />
      )}
    </Modal>
  );
}
