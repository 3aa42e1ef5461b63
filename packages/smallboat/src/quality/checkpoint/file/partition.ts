import { quoteName, quoteText } from '../../../warehouse/index.ts';
import { sourceOf } from '../../source.ts';
import type { Fields } from './read-document.ts';
import { fieldsAt, isFields, textAt } from './read-document.ts';

/** How the rows of a table are parted into batches: by the parts of a time, or by the value of a column. */
interface Partition {
  readonly column: string;
  /** Parts of a time, the coarsest first; none for the value itself. */
  readonly parts: readonly string[];
  readonly isAscending: boolean;
}

const METHODS: Readonly<Record<string, readonly string[]>> = {
  on_year: ['year'],
  on_year_and_month: ['year', 'month'],
  on_year_and_month_and_day: ['year', 'month', 'day'],
  on_column_value: [],
};

/**
 * The batch of a table that Great Expectations would take: the one that the options name, else the last. `partitioner` is
 * that of 1.x, `splitter` that of the versions before. Undefined for a way of parting that is not known.
 */
export function batchOf(table: string, parting: unknown, options: Fields): string | undefined {
  if (!isFields(parting)) return table;
  const partition = partitionOf(parting);
  if (partition === undefined) return undefined;
  const { column, parts, isAscending } = partition;
  const name = quoteName(column);
  const given = (parts.length === 0 ? [column] : parts).flatMap((part) =>
    options[part] === undefined
      ? []
      : [`${parts.length === 0 ? name : `extract(${part} from ${name})`} = ${valueOf(options[part])}`],
  );
  const among = given.length === 0 ? '' : ` where ${given.join(' and ')}`;
  if (given.length === Math.max(parts.length, 1)) return `(select * from ${sourceOf(table)}${among})`;
  const unit = parts.at(-1);
  const batch = unit === undefined ? name : `date_trunc('${unit}', ${name})`;
  const wanted = `(select ${isAscending ? 'max' : 'min'}(${batch}) from ${sourceOf(table)}${among})`;
  return `(select * from ${sourceOf(table)} where ${batch} = ${wanted})`;
}

function partitionOf(parting: Fields): Partition | undefined {
  const method = textAt(parting, 'method_name')?.replace(/^_?(?:partition|split)_/, '') ?? '';
  const parts = METHODS[method];
  const column = textAt(parting, 'column_name') ?? textAt(fieldsAt(parting, 'method_kwargs'), 'column_name');
  if (parts === undefined || column === undefined) return undefined;
  return { column, parts, isAscending: parting['sort_ascending'] !== false };
}

function valueOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^\d+$/.test(text) ? String(Number(text)) : quoteText(text);
}
