import { Button, Select } from '@mantine/core';
import type { Inspection, RowRepairs } from '../../../src-shared/contract/import.ts';
import { formatNumber } from '../../ui/format.ts';
import { FileIssues } from './FileIssues.tsx';
import { type ImportItem, isImporting } from './importQueue.ts';
import { choose } from './importWork.ts';
import { KindLanes } from './KindLanes.tsx';
import { ScoreRing } from './Score.tsx';
import { kindLabel } from './timeline.ts';

type Repair = RowRepairs[string];

const REPAIRS: Readonly<Record<Repair, { readonly label: string; readonly does: string }>> = {
  drop: { label: 'Leave the rows out', does: 'The rows are not stored; where they were, bars are missing.' },
  'keep-first': {
    label: 'Keep the first row',
    does: 'Of rows at the same time, the one higher up in the file.',
  },
  'keep-last': {
    label: 'Keep the last row',
    does: 'Of rows at the same time, the one further down in the file.',
  },
  move: { label: 'Move to its place', does: 'Rows are put in order of time; the moved bars stay marked.' },
};

function RepairRow({
  item,
  offer,
}: {
  readonly item: ImportItem;
  readonly offer: Inspection['repairable'][number];
}) {
  const chosen = item.choices.repairs[offer.kind];
  const pickRepair = (repair: Repair) =>
    choose(item.id, { repairs: { ...item.choices.repairs, [offer.kind]: repair } });
  return (
    <div className="ft-repair-row" data-testid="row-repair">
      <span className="ft-ellipsis">
        {kindLabel(offer.kind)}{' '}
        <span className="ft-dim ft-num">
          {formatNumber(offer.rows)} {offer.rows === 1 ? 'row' : 'rows'}
        </span>
      </span>
      <Select
        aria-label={`What happens with rows of the kind ${kindLabel(offer.kind)}`}
        placeholder="Choose…"
        data={offer.choices.map((c) => ({ value: c, label: REPAIRS[c].label }))}
        value={chosen ?? null}
        disabled={isImporting(item.phase)}
        onChange={(v) => v && pickRepair(v as Repair)}
      />
      <span className="ft-dim ft-small">{chosen ? REPAIRS[chosen].does : ''}</span>
    </div>
  );
}

/** The plainest answer to every kind: bad rows are left out, and of rows at the same time the first stays. */
function plainAnswers(offers: Inspection['repairable']): RowRepairs {
  return Object.fromEntries(
    offers.flatMap(({ kind, choices }) => {
      const answer = choices.find((c) => c === 'drop') ?? choices.find((c) => c === 'keep-first');
      return answer === undefined ? [] : [[kind, answer] as const];
    }),
  );
}

/** What the checks found in the file, and what is to happen with rows that cannot be stored as they are. */
export function ReviewFindings({ item, seen }: { readonly item: ImportItem; readonly seen: Inspection }) {
  const { quality, repairable, firstMs, lastMs } = seen;
  const findings = quality.issues.length + quality.issuesLeftOut;
  const offers = repairable.filter((r) => r.rows > 0);
  return (
    <div className="ft-review-findings" data-testid="import-findings">
      <div className="ft-review-score">
        <ScoreRing value={quality.score} />
        <span className="ft-dim ft-small">
          {findings === 0
            ? 'No findings: nothing is missing beyond closed markets, and no bar contradicts itself.'
            : `${formatNumber(findings)} ${findings === 1 ? 'finding' : 'findings'} as the file stands`}
        </span>
      </div>
      {offers.length > 0 && (
        <div className="ft-repairs">
          <div className="ft-repairs-head">
            <h3 className="ft-subhead">Rows that cannot be stored as they are</h3>
            <span className="ft-dim ft-small ft-grow">
              Until each kind has an answer the file is refused: nothing is changed silently.
            </span>
            <Button
              size="compact-xs"
              disabled={isImporting(item.phase)}
              data-testid="plain-repairs"
              onClick={() => choose(item.id, { repairs: plainAnswers(offers) })}
            >
              Leave out bad rows, keep first duplicates
            </Button>
          </div>
          {offers.map((offer) => (
            <RepairRow key={offer.kind} item={item} offer={offer} />
          ))}
        </div>
      )}
      {quality.issues.length > 0 && firstMs !== null && lastMs !== null && (
        <KindLanes issues={quality.issues} fromMs={firstMs} toMs={lastMs} />
      )}
      {quality.issues.length > 0 && <FileIssues issues={quality.issues} />}
    </div>
  );
}
