import { ExplainedRow } from '../Field.tsx';
import type { SectionProps } from './section.ts';

/** How the training windows are varied, and which of them are left out. */
export function AugmentationSection({ family, errors }: SectionProps) {
  const solved = family?.fit === 'solved';
  const note = solved
    ? 'No effect: this family is computed at once, from the windows as they are.'
    : undefined;
  return (
    <>
      <section>
        <h3 className="ft-config-title">Augmentation</h3>
        <p className="ft-form-note">
          Training windows are varied at random, seeded; validation and test see them as they are.
        </p>
        <ExplainedRow name="augmentNoise" error={errors.augmentNoise} note={note} />
        <ExplainedRow name="augmentTimeWarp" error={errors.augmentTimeWarp} note={note} />
        <ExplainedRow name="augmentSpread" error={errors.augmentSpread} note={note} />
      </section>
      <section>
        <h3 className="ft-config-title">Repaired bars</h3>
        <ExplainedRow name="excludeRepaired" />
      </section>
    </>
  );
}
