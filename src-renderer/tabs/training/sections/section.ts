import type { DatasetDto } from '../../../../src-shared/contract/data.ts';
import type { FamilyInfo } from '../../../../src-shared/contract/training.ts';

/** What a section of the configuration is drawn from. */
export interface SectionProps {
  readonly family: FamilyInfo | undefined;
  readonly dataset: DatasetDto;
  readonly errors: Readonly<Record<string, string>>;
}
