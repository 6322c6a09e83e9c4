import { NumberInput, Tooltip } from '@mantine/core';
import { Fragment, useId } from 'react';
import styles from './FieldInputs.module.css';
import { type FieldDefinition, fieldProblem, formatField } from './genes.ts';

/** What stands in the inputs: numbers in the edited unit, or what was typed so far. */
export type Edited<K extends string> = Readonly<Record<K, number | string>>;

interface FieldInputsProps<K extends string> {
  readonly fields: readonly FieldDefinition<K>[];
  readonly values: Edited<K>;
  readonly onChange: (key: K, value: number | string) => void;
  readonly disabled?: boolean;
}

/** Labelled numbers with their units; what is wrong is said below the field, and what was typed stays. */
export function FieldInputs<K extends string>(props: FieldInputsProps<K>) {
  const { fields, values, onChange, disabled = false } = props;
  const id = useId();
  return (
    <div className={styles.fields}>
      {fields.map((field) => {
        const problem = fieldProblem(field, values[field.key]);
        const inputId = `${id}-${field.key}`;
        return (
          <Fragment key={field.key}>
            <Tooltip label={field.help} position="right">
              <label className={styles.label} htmlFor={inputId}>
                {field.label}
              </label>
            </Tooltip>
            <NumberInput
              id={inputId}
              className={styles.input ?? ''}
              size="xs"
              value={values[field.key]}
              onChange={(value) => onChange(field.key, typeof value === 'bigint' ? Number(value) : value)}
              step={field.step}
              min={field.min}
              max={field.max}
              decimalScale={field.decimals}
              allowDecimal={field.decimals > 0}
              allowNegative={false}
              clampBehavior="none"
              disabled={disabled}
              error={problem !== undefined}
              aria-describedby={`${inputId}-unit`}
            />
            <span className={styles.unit} id={`${inputId}-unit`}>
              {field.unit}
            </span>
            {problem && (
              <div className={styles.problem} role="alert">
                {problem}
              </div>
            )}
          </Fragment>
        );
      })}
    </div>
  );
}

interface FieldListProps<K extends string> {
  readonly fields: readonly FieldDefinition<K>[];
  /** As the engine stores them. */
  readonly values: Readonly<Record<K, number>>;
}

/** The same fields to read. */
export function FieldList<K extends string>({ fields, values }: FieldListProps<K>) {
  return (
    <dl className={styles.facts}>
      {fields.map((field) => (
        <Fragment key={field.key}>
          <dt title={field.help}>{field.label}</dt>
          <dd>{formatField(field, values[field.key])}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
