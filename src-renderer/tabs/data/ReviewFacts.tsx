import type { Inspection } from '../../../src-shared/contract/import.ts';
import { formatNumber, formatUtc } from '../../ui/format.ts';
import { inZone } from '../../ui/zones.ts';
import { timeframeOf } from './importChoices.ts';
import type { ImportItem } from './importQueue.ts';

const SEPARATORS: Readonly<Record<string, string>> = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
  ' ': 'space',
  '|': 'bar',
};

/** A moment in UTC, and as the file's zone has it. */
function Moment({ ms, zone }: { readonly ms: number | null; readonly zone: string }) {
  const local = ms === null || zone === 'UTC' ? undefined : inZone(ms, zone);
  return (
    <>
      {formatUtc(ms)}
      {local && (
        <span className="ft-dim">
          {' '}
          = {local} {zone}
        </span>
      )}
    </>
  );
}

/** How the table is written, as far as that is not a matter of course. */
function tableWords(seen: Inspection): string {
  const separator = seen.separator === null ? undefined : (SEPARATORS[seen.separator] ?? seen.separator);
  return [
    ...(separator ? [`separated by ${separator}`] : []),
    seen.hasHeader ? 'with a header' : 'without a header',
    ...(seen.decimalComma ? ['decimal comma'] : []),
  ].join(', ');
}

function clockWarnings(seen: Inspection): string[] {
  const { ambiguousTimes: twice, impossibleTimes: never, zone } = seen;
  return [
    ...(twice > 0
      ? [
          `${formatNumber(twice)} local times occur twice in ${zone} when summer time ends; the order of rows decides.`,
        ]
      : []),
    ...(never > 0
      ? [
          `${formatNumber(never)} local times do not exist in ${zone}: summer time skips them. The zone is probably another.`,
        ]
      : []),
  ];
}

/** What was detected, in words. */
export function ReviewFacts({ item, seen }: { readonly item: ImportItem; readonly seen: Inspection }) {
  const timeframe = timeframeOf(item.choices, seen);
  return (
    <>
      <dl className="ft-facts ft-review-facts">
        <dt>Format</dt>
        <dd>
          {seen.format}
          <span className="ft-dim">; {tableWords(seen)}</span>
        </dd>
        <dt>Content</dt>
        <dd>
          {formatNumber(seen.rows)} {seen.content === 'ticks' ? 'ticks' : 'rows'},{' '}
          {formatNumber(seen.quality.bars)} {timeframe ?? ''} bars
        </dd>
        <dt>First bar</dt>
        <dd>
          <Moment ms={seen.firstMs} zone={seen.zone} />
        </dd>
        <dt>Last bar</dt>
        <dd>
          <Moment ms={seen.lastMs} zone={seen.zone} />
        </dd>
      </dl>
      {clockWarnings(seen).map((text) => (
        <p key={text} className="ft-warn ft-small ft-flat">
          {text}
        </p>
      ))}
      {seen.notes.length > 0 && (
        <ul className="ft-notes ft-flat">
          {seen.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}
