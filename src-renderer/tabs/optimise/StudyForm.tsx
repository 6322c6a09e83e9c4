import { Button } from '@mantine/core';
import { IconPlayerPlayFilled } from '@tabler/icons-react';
import type { ModelDto } from '../../../src-shared/contract/training.ts';
import { EntryRulesFields } from '../../ui/EntryRulesFields.tsx';
import { FieldInputs } from '../../ui/FieldInputs.tsx';
import { formatDate, formatNumber } from '../../ui/format.ts';
import { ModelSelect } from '../../ui/models.tsx';
import { ErrorLine } from '../../ui/states.tsx';
import styles from './Optimise.module.css';
import { STUDY_FIELDS, setStudyField, startStudy, studyInput, studyView, useStudyView } from './view.ts';

interface StudyFormProps {
  readonly models: readonly ModelDto[];
  readonly model: ModelDto;
}

/** What a new study searches, and how long. */
export function StudyForm({ models, model }: StudyFormProps) {
  const fields = useStudyView((v) => v.fields);
  const rules = useStudyView((v) => v.rules);
  const starting = useStudyView((v) => v.starting);
  const error = useStudyView((v) => v.error);
  const input = studyInput(model.id, fields, rules);
  const span = model.spans.find((s) => s.name === 'optimisation');
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void startStudy(model.id);
      }}
    >
      <ModelSelect models={models} model={model} />
      {span && (
        <p className={styles.note}>
          Searches on {formatDate(span.fromMs)} to {formatDate(span.toMs)}, which the model was not fitted on.
        </p>
      )}
      <FieldInputs fields={STUDY_FIELDS} values={fields} onChange={setStudyField} />
      <EntryRulesFields
        model={model}
        span={span}
        draft={rules}
        onChange={(changed) => studyView.setState({ rules: changed })}
      />
      {input && (
        <p className={styles.note}>
          {formatNumber(Math.ceil(input.evaluations / input.population), 0)} generations of{' '}
          {formatNumber(input.population, 0)} by NSGA-II, on return, drawdown, Sharpe and win rate.
        </p>
      )}
      {error !== undefined && <ErrorLine error={error} />}
      <div className={styles.run}>
        <Button
          type="submit"
          variant="filled"
          leftSection={<IconPlayerPlayFilled size={13} aria-hidden />}
          disabled={!input}
          loading={starting}
          data-testid="study-start"
          fullWidth
        >
          Start study
        </Button>
      </div>
    </form>
  );
}
