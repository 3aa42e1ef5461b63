import type { ReportComponent } from '../../report/index.ts';
import type { CheckpointResult } from './checkpoint-result.ts';
import { verdictCell } from '../docs/components.ts';
import type { ValidationResult } from '../run/result.ts';
import { examples, expectedInWords, observedInWords } from '../docs/sentences.ts';

/** Failed expectations that a card lists of one validation. */
const LISTED = 8;

/** A checkpoint for the card of a run: one line a validation, and the expectations that failed with some of what failed them. */
export function checkpointComponents(checkpoint: CheckpointResult): ReportComponent[] {
  const { validations, success } = checkpoint;
  const all = validations.flatMap((v) => v.result.results);
  const failed = all.filter((r) => !r.success).length;
  return [
    {
      kind: 'callout',
      tone: success ? 'good' : 'bad',
      text: success
        ? `All ${all.length} expectations hold.`
        : `${failed} of ${all.length} expectations failed. See ${checkpoint.indexPath}.`,
    },
    {
      kind: 'table',
      caption: 'Data checks',
      columns: ['Data', 'Suite', 'Expectations', 'Failed', 'Rows set aside', 'Seconds', 'Result'],
      rows: validations.map(({ name, result }) => [
        name,
        result.suite_name,
        result.statistics.evaluated_expectations,
        result.statistics.unsuccessful_expectations,
        result.meta.smallboat.quarantine?.rows ?? 0,
        result.meta.smallboat.seconds,
        verdictCell(result.success),
      ]),
    },
    ...validations.flatMap(({ name, result }) => (result.success ? [] : failures(name, result))),
  ];
}

function failures(name: string, { results, meta }: ValidationResult): readonly ReportComponent[] {
  const failed = results.filter((r) => !r.success);
  const { quarantine } = meta.smallboat;
  const more = failed.length > LISTED ? ` (the first ${LISTED} of ${failed.length})` : '';
  return [
    {
      kind: 'table',
      caption: `What failed in ${name}${more}${quarantine === null ? '' : `; the rows are in ${quarantine.table}`}`,
      columns: ['Expectation', 'Found', 'For example'],
      rows: failed.slice(0, LISTED).map((r) => [expectedInWords(r), observedInWords(r), examples(r)]),
    },
  ];
}
