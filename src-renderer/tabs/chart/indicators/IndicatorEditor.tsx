import { Button, ColorSwatch, NumberInput, SegmentedControl, Select, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { type ParamDef, paramProblem } from '../../../../src-shared/indicators/index.ts';
import { indicatorActions, WIDTHS } from './indicatorStore.ts';
import type { ShownIndicator, ShownOutput } from './shown.ts';

interface FieldProps {
  readonly param: ParamDef;
  readonly value: number | string;
  readonly onValue: (value: number | string) => void;
}

/** Takes what is typed over as soon as it is a value; what is none stays in the field and says why. */
function ParamField({ param, value, onValue }: FieldProps) {
  const [typed, setTyped] = useState<number | string>();
  if (param.type === 'choice') {
    return (
      <Select
        label={param.label}
        value={String(value)}
        data={param.options.map((o) => ({ value: o.value, label: o.label }))}
        comboboxProps={{ withinPortal: false }}
        onChange={(v) => v !== null && onValue(v)}
      />
    );
  }
  const problem = typed === undefined ? undefined : paramProblem(param, typed);
  return (
    <NumberInput
      label={param.label}
      value={typed ?? value}
      min={param.min}
      max={param.max}
      step={param.step}
      clampBehavior="none"
      decimalScale={param.type === 'int' ? 0 : 4}
      error={problem}
      onChange={(v) => {
        const fits = paramProblem(param, v) === undefined;
        setTyped(fits ? undefined : v);
        if (fits) onValue(v);
      }}
    />
  );
}

const FIXED = ['#5b93f2', '#f0913a', '#35c3b1', '#d987d3', '#e2b93b', '#9aa5b4', '#e5484d', '#2fb886'];

interface ColourProps {
  readonly output: ShownOutput;
  readonly chosen: string | undefined;
  readonly onChoose: (color: string | undefined) => void;
}

function ColourRow({ output, chosen, onChoose }: ColourProps) {
  const { name } = output.definition;
  const swatch = (color: string | undefined, label: string) => (
    <Tooltip key={label} label={label}>
      <ColorSwatch
        component="button"
        type="button"
        size={16}
        withShadow={false}
        color={color ?? 'transparent'}
        className="ft-ind-swatch"
        data-chosen={chosen === color}
        aria-label={`${name}: ${label}`}
        aria-pressed={chosen === color}
        onClick={() => onChoose(color)}
      >
        {color === undefined ? 'A' : null}
      </ColorSwatch>
    </Tooltip>
  );
  return (
    <div className="ft-ind-colours">
      <span className="ft-ind-colour-name" style={{ color: output.color }}>
        {name}
      </span>
      {swatch(undefined, 'colour of the theme')}
      {FIXED.map((color) => swatch(color, color))}
    </div>
  );
}

/** Parameters, colours and width of an indicator; every change is drawn at once. */
export function IndicatorEditor({
  cellId,
  shown,
}: {
  readonly cellId: string;
  readonly shown: ShownIndicator;
}) {
  const { instance, definition, outputs } = shown;
  const { id, values } = instance;
  return (
    <div className="ft-ind-form" data-testid="indicator-editor">
      <strong>{definition.name}</strong>
      <p className="ft-dim ft-small">{definition.about}</p>
      {definition.params.length > 0 && (
        <div className="ft-ind-fields">
          {definition.params.map((param) => (
            <ParamField
              key={param.key}
              param={param}
              value={values[param.key] ?? param.default}
              onValue={(v) => indicatorActions.setValue(cellId, id, param.key, v)}
            />
          ))}
        </div>
      )}
      {outputs.map((output) => (
        <ColourRow
          key={output.definition.key}
          output={output}
          chosen={instance.colors[output.definition.key]}
          onChoose={(c) => indicatorActions.setColor(cellId, id, output.definition.key, c)}
        />
      ))}
      <div className="ft-ind-colours">
        <span className="ft-ind-colour-name">Width</span>
        <SegmentedControl
          aria-label="Width of the lines"
          value={String(instance.width)}
          data={WIDTHS.map((w) => ({ value: String(w), label: `${w} px` }))}
          onChange={(w) => indicatorActions.setWidth(cellId, id, Number(w))}
        />
      </div>
      <div className="ft-ind-actions">
        <Button onClick={() => indicatorActions.reset(cellId, id)}>Reset to defaults</Button>
        <Button onClick={() => indicatorActions.remove(cellId, id)}>Remove</Button>
        <span className="ft-grow" />
        <Button variant="filled" onClick={() => indicatorActions.stopEditing(cellId, id)}>
          Done
        </Button>
      </div>
    </div>
  );
}
