import * as z from 'zod';
import { column } from '../core/values.ts';
import { quoteName } from '../../warehouse/index.ts';
import type { EarlierRun, ExpectationKind, Verdict } from '../kind.ts';
import { defineExpectation, kindErrors } from '../kind.ts';
import { isTemporal } from '../dialect/type-family.ts';
import { COUNT_ROWS } from '../dialect/sql.ts';
import type { Point } from './forecast.ts';
import type { UsualOptions } from './usual.ts';
import { LEAST_RUNS, usual } from './usual.ts';

const RATE = z
  .number('false_alarm_rate must be a number')
  .gt(0, 'false_alarm_rate must be between 0 and 0.5')
  .lt(0.5, 'false_alarm_rate must be between 0 and 0.5')
  .default(0.01);
/** A minute: data that is younger is as good as new. */
const MINUTE = 60;

/** Expectations that learn what is usual from earlier runs of the same checkpoint. */
export const LEARNED_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_table_row_count_to_be_usual',
    kwargs: { false_alarm_rate: RATE },
    plan({ false_alarm_rate }, { earlier, now }) {
      return {
        kind: 'measures',
        measures: { rows: COUNT_ROWS },
        judge({ rows }) {
          const found = Number(rows ?? 0);
          // A count that is made of single events varies by its root at least.
          const leastError = Math.max(0.02, 3 / Math.sqrt(Math.max(found, 1)));
          return judge(
            found,
            { earlier, now },
            { falseAlarmRate: false_alarm_rate, side: 'both', leastError, unit: 1 },
          );
        },
      };
    },
    sentence: ({ false_alarm_rate }) => `The number of rows is as usual${rateInWords(false_alarm_rate)}`,
  }),
  defineExpectation({
    type: 'expect_table_to_be_fresh',
    kwargs: { column, max_age_hours: z.number().positive().nullish(), false_alarm_rate: RATE },
    plan({ column: name, max_age_hours, false_alarm_rate }, table) {
      const { sql, now, earlier } = table;
      const found = table.column(name);
      if (!isTemporal(found.type)) {
        throw kindErrors.EXPECTATION_UNFIT({ problem: `${found.name} holds no times (its type is ${found.type}).` });
      }
      const quoted = quoteName(found.name);
      return {
        kind: 'measures',
        measures: { newest: { of: quoted, call: (of) => sql.epoch(`max(${of})`) } },
        judge({ newest }) {
          if (newest === null || newest === undefined) {
            return { success: false, result: { observed_value: null, details: { problem: 'there are no rows' } } };
          }
          const age = Math.max(0, Math.round(now.getTime() / 1000 - Number(newest)));
          if (max_age_hours) {
            const success = age <= max_age_hours * 3600;
            return { success, result: { observed_value: age, details: { usual_to: max_age_hours * 3600 } } };
          }
          const options = { falseAlarmRate: false_alarm_rate, side: 'high', leastError: 0.1, unit: MINUTE } as const;
          return judge(age, { earlier, now }, options);
        },
      };
    },
    sentence: ({ column: name, max_age_hours, false_alarm_rate }) =>
      max_age_hours
        ? `The newest ${name} is at most ${max_age_hours} hours old`
        : `The newest ${name} is not older than usual${rateInWords(false_alarm_rate)}`,
  }),
  defineExpectation({
    type: 'expect_table_columns_to_be_as_before',
    kwargs: { allow_new: z.boolean().default(false) },
    plan({ allow_new }, { columns, earlier = [] }) {
      const observed_value = columns.map(({ name, type }) => `${name}: ${type}`);
      const before = earlier.findLast(({ observed }) => Array.isArray(observed))?.observed;
      return { kind: 'verdict', verdict: compareColumns(observed_value, before, allow_new) };
    },
    sentence: ({ allow_new }) => `The columns are those of the run before${allow_new ? ', or more' : ''}`,
  }),
];

function compareColumns(now: readonly string[], before: unknown, allowNew: boolean): Verdict {
  if (!Array.isArray(before)) return { success: true, result: { observed_value: now, details: { runs: 0 } } };
  const then = before.filter((one) => typeof one === 'string');
  const [nowTypes, thenTypes] = [typesOf(now), typesOf(then)];
  const gone = [...thenTypes.keys()].filter((name) => !nowTypes.has(name));
  const added = [...nowTypes.keys()].filter((name) => !thenTypes.has(name));
  const changed = [...nowTypes].flatMap(([name, type]) => {
    const was = thenTypes.get(name);
    return was === undefined || was === type ? [] : [`${name}: ${was} is now ${type}`];
  });
  const success = gone.length === 0 && changed.length === 0 && (allowNew || added.length === 0);
  return { success, result: { observed_value: now, details: { gone, new: added, changed } } };
}

function typesOf(columns: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    columns.map((text) => {
      const at = text.lastIndexOf(': ');
      return [text.slice(0, at), text.slice(at + 2)];
    }),
  );
}

interface Past {
  readonly earlier: readonly EarlierRun[] | undefined;
  readonly now: Date;
}

/** Is a figure as usual? While too few runs are known it is. */
function judge(found: number, { earlier = [], now }: Past, options: UsualOptions): Verdict {
  const points = earlier.flatMap(({ at, observed }): Point[] =>
    typeof observed === 'number' ? [{ at: Date.parse(at), value: observed }] : [],
  );
  const range = usual(points, now.getTime(), options);
  const false_alarm_rate = options.falseAlarmRate;
  if (range === undefined) {
    const details = { learning: true, runs: points.length, runs_needed: LEAST_RUNS, false_alarm_rate };
    return { success: true, result: { observed_value: found, details } };
  }
  const { from, to, method, runs, forecast } = range;
  const [usual_from, usual_to] = [Math.floor(from), Math.ceil(to)];
  return {
    success: found >= usual_from && found <= usual_to,
    result: {
      observed_value: found,
      details: { usual_from, usual_to, runs, method, forecast, false_alarm_rate },
    },
  };
}

function rateInWords(rate: number): string {
  return ` (a false alarm in ${Math.round(1 / rate)} runs at most)`;
}
