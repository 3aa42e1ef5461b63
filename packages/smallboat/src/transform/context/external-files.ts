import type { Value } from '../jinja/value.ts';
import { Dict, isTrue, str } from '../jinja/value.ts';

/** The options of DuckDB's COPY for an external model. */
export function writeOptions(location: string, given: Value): string {
  const options = new Map(
    (given instanceof Dict ? given.entries() : []).map(([key, value]) => [str(key), value] as const),
  );
  if (!options.has('format')) {
    const parts = location.split('/').at(-1)?.split('.') ?? [];
    const last = parts.at(-1)?.toLowerCase() ?? '';
    const compression = last === 'gz' ? 'gzip' : last === 'zst' ? 'zstd' : undefined;
    const ending = compression ? parts.at(-2) : parts.length > 1 ? last : undefined;
    options.set('format', ending ?? (options.has('delimiter') ? 'csv' : 'parquet'));
    if (compression && !options.has('compression')) options.set('compression', compression);
  }
  if (options.get('format') === 'csv' && !options.has('header')) options.set('header', 1);
  const partition = options.get('partition_by');
  if (typeof partition === 'string' && partition.includes(',') && !partition.startsWith('('))
    options.set('partition_by', `(${partition})`);
  return [...options]
    .map(([key, value]) => {
      const text = str(value);
      return ['delimiter', 'quote', 'escape', 'null'].includes(key.toLowerCase()) && !text.startsWith("'")
        ? `${key} '${text}'`
        : `${key} ${text}`;
    })
    .join(', ');
}

/** Where a model that is written to files is read from. */
export function readLocation(location: string, options: Value): string {
  const get = (key: string): Value => (options instanceof Dict ? (options.get(key) ?? null) : null);
  const partition = get('partition_by');
  if (!isTrue(partition) && !isTrue(get('per_thread_output'))) return location;
  const stars = isTrue(partition)
    ? str(partition)
        .split(',')
        .map(() => '*')
    : [];
  return `${[location, '*', ...stars].join('/')}.${str(get('format') ?? 'parquet')}`;
}
