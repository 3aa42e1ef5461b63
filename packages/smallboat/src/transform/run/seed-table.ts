import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dateOf } from '../jinja/datetime.ts';
import type { Value } from '../jinja/value.ts';
import { Decimal, PyError } from '../jinja/value.ts';
import { TableValue } from '../context/table-value.ts';
import type { SqlNode } from '../manifest/node.ts';
import { csvLines } from '../parse/csv.ts';
import { projectErrors } from '../project/errors.ts';
import { recordOf, textOf } from '../project/plain.ts';

/** What a column may be, in the order in which dbt tries: the first that all values fit. */
const KINDS = ['Number', 'Date', 'DateTime', 'Boolean', 'Text'] as const;
type Kind = (typeof KINDS)[number];

const NUMBER = /^[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

function isNumber(text: string): boolean {
  let value = text.trim().replace(/^-/, '');
  if (value.endsWith('%')) value = value.slice(0, -1);
  value = value.replace(/^[؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫\s]+|[؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫\s]+$/g, '');
  return NUMBER.test(value) || /^(nan|inf|infinity)$/i.test(value);
}

function isDate(text: string): boolean {
  return fits(text, '%Y-%m-%d');
}

function isDateTime(text: string): boolean {
  return (
    fits(text, '%Y-%m-%d %H:%M:%S') ||
    /^\d{4}-?\d\d-?\d\dT\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?$/.test(text.trim())
  );
}

function fits(text: string, pattern: string): boolean {
  try {
    const { at } = dateOf(text.trim(), pattern);
    return !Number.isNaN(at.getTime()) && Number(text.trim().slice(5).split('-')[0]) === at.getUTCMonth() + 1;
  } catch (error) {
    if (error instanceof PyError) return false;
    throw error;
  }
}

const FITS: Readonly<Record<Kind, (text: string) => boolean>> = {
  Number: isNumber,
  Date: isDate,
  DateTime: isDateTime,
  Boolean: (text) => /^(true|false)$/i.test(text.trim().replaceAll(',', '')),
  Text: () => true,
};

const isNull = (text: string): boolean => /^(null)?$/i.test(text.trim());

/** A seed's rows with the types that dbt infers. @throws `SEED_INVALID`. */
export function seedTable(node: SqlNode): TableValue {
  const file = node.original_file_path;
  const raw = readFileSync(join(node.root_path ?? '', file), 'utf8');
  const text = raw.codePointAt(0) === 0xfeff ? raw.slice(1) : raw;
  const [head = [], ...lines] = csvLines(text, textOf(node.config['delimiter']) ?? ',');
  const names = uniqueNames(head);
  const asText = new Set(Object.keys(recordOf(node.config['column_types'])));
  const rows: string[][] = [];
  for (const [i, line] of lines.entries()) {
    if (line.length === 1 && line[0] === '') continue;
    if (line.length > names.length) {
      throw projectErrors.SEED_INVALID({
        file,
        line: i + 2,
        problem: `the line has ${line.length} fields, the first line names ${names.length}`,
      });
    }
    rows.push(line);
  }
  const kinds = names.map((name, c) => (asText.has(name) ? ('Text' as const) : kindOf(rows, c)));
  const types = kinds.map((kind, c) => (kind === 'Number' && !hasDecimals(rows, c) ? 'Integer' : (kind ?? 'Integer')));
  const values = rows.map((row) => names.map((_, c) => valueOf(row[c] ?? '', types[c] ?? 'Text')));
  return new TableValue(names, values, types);
}

/** Undefined where a column has no value at all. */
function kindOf(rows: readonly (readonly string[])[], c: number): Kind | undefined {
  let at = 0;
  let hasValue = false;
  for (const row of rows) {
    const text = row[c] ?? '';
    if (isNull(text)) continue;
    hasValue = true;
    for (let kind = KINDS[at]; kind !== undefined && !FITS[kind](text); kind = KINDS[at]) at += 1;
    if (at === KINDS.length - 1) return 'Text';
  }
  return hasValue ? KINDS[at] : undefined;
}

function hasDecimals(rows: readonly (readonly string[])[], c: number): boolean {
  return rows.some((row) => {
    const [, digits = ''] = /\.(\d*)/.exec(row[c] ?? '') ?? [];
    return /[1-9]/.test(digits) || /e-/i.test(row[c] ?? '');
  });
}

function valueOf(text: string, type: string): Value {
  if (isNull(text)) return null;
  if (type === 'Integer' || type === 'Number') {
    const digits = text
      .trim()
      .replaceAll(',', '')
      .replace(/[%$€£¥]/g, '');
    return type === 'Integer' && Number.isSafeInteger(Number(digits)) ? Number(digits) : new Decimal(digits);
  }
  return type === 'Boolean' ? text.trim().toLowerCase() === 'true' : text;
}

/** Columns without a name are a, b, c…; one that is there twice gets a number. */
function uniqueNames(head: readonly string[]): string[] {
  const names: string[] = [];
  for (const [i, given] of head.entries()) {
    const base = given === '' ? String.fromCodePoint(97 + (i % 26)) : given;
    let name = base;
    for (let n = 2; names.includes(name); n += 1) name = `${base}_${n}`;
    names.push(name);
  }
  return names;
}
