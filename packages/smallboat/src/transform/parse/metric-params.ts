import { isRecord, listOf, recordOf, textOf, textOrNull } from '../project/plain.ts';

type Plain = Record<string, unknown>;

/** `7 days` as the count and the unit in the singular; null where nothing is given. */
function windowOf(given: unknown): Plain | null {
  const [count, unit = ''] = (textOf(given) ?? '').trim().split(/\s+/);
  return count === undefined || count === ''
    ? null
    : { count: Number(count), granularity: unit.toLowerCase().replace(/s$/, '') };
}

/** A filter, or a list of them, with the templates as they are written: MetricFlow renders them. */
export function filterOf(given: unknown): Plain | null {
  const texts = listOf(given).flatMap((one) => textOf(one) ?? []);
  return texts.length === 0 ? null : { where_filters: texts.map((text) => ({ where_sql_template: text })) };
}

function measureOf(given: unknown): Plain | null {
  if (given === undefined || given === null) return null;
  const data = isRecord(given) ? given : { name: textOf(given) };
  return {
    name: textOf(data['name']) ?? '',
    filter: filterOf(data['filter']),
    alias: textOrNull(data['alias']),
    join_to_timespine: data['join_to_timespine'] === true,
    fill_nulls_with: data['fill_nulls_with'] ?? null,
  };
}

function metricOf(given: unknown): Plain | null {
  if (given === undefined || given === null) return null;
  const data = isRecord(given) ? given : { name: textOf(given) };
  return {
    name: textOf(data['name']) ?? '',
    filter: filterOf(data['filter']),
    alias: textOrNull(data['alias']),
    offset_window: windowOf(data['offset_window']),
    offset_to_grain: textOrNull(data['offset_to_grain']),
  };
}

function conversionOf(given: unknown): Plain | null {
  if (!isRecord(given)) return null;
  return {
    base_measure: measureOf(given['base_measure']),
    conversion_measure: measureOf(given['conversion_measure']),
    entity: textOf(given['entity']) ?? '',
    calculation: textOf(given['calculation']) ?? 'conversion_rate',
    window: windowOf(given['window']),
    constant_properties: given['constant_properties'] ?? null,
  };
}

/** `type_params` of a metric as dbt writes them; the measures behind it come later. */
export function metricParams(type: string, given: unknown): Plain {
  const data = recordOf(given);
  const cumulative = recordOf(data['cumulative_type_params']);
  return {
    measure: measureOf(data['measure']),
    input_measures: [],
    numerator: metricOf(data['numerator']),
    denominator: metricOf(data['denominator']),
    expr: textOrNull(data['expr']),
    window: windowOf(data['window']),
    grain_to_date: textOrNull(data['grain_to_date']),
    metrics: listOf(data['metrics']).map(metricOf),
    conversion_type_params: conversionOf(data['conversion_type_params']),
    cumulative_type_params:
      type === 'cumulative'
        ? {
            window: windowOf(cumulative['window'] ?? data['window']),
            grain_to_date: textOrNull(cumulative['grain_to_date'] ?? data['grain_to_date']),
            period_agg: textOf(cumulative['period_agg']) ?? 'first',
            metric: null,
          }
        : null,
    metric_aggregation_params: null,
  };
}
