/** What a column's type is for comparing and writing its values, whatever the warehouse calls it. */
export type TypeFamily =
  | 'text'
  | 'integer'
  | 'decimal'
  | 'float'
  | 'boolean'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'time'
  | 'other';

const FAMILIES: readonly (readonly [RegExp, TypeFamily])[] = [
  [/^(?:var|nvar|bp)?char|^n?text|^string|^character|^enum|^uuid|^name$/, 'text'],
  [/^bool/, 'boolean'],
  [/^interval/, 'other'],
  [/^u?(?:tiny|small|medium|big|huge)?int|^(?:small|big)?serial|^oid|^byteint/, 'integer'],
  [/^dec|^numeric|^number|^money/, 'decimal'],
  [/^double|^float|^real/, 'float'],
  [/^timestamp ?with time zone|^timestamptz|^timestamp_l?tz|^timestamp.*with time zone/, 'timestamptz'],
  [/^timestamp|^datetime/, 'timestamp'],
  [/^date/, 'date'],
  [/^time/, 'time'],
];

/** `BIGINT` is an integer, `DECIMAL(10,2)` a decimal, `TIMESTAMP WITH TIME ZONE` a timestamptz; lists are `other`. */
export function familyOf(type: string): TypeFamily {
  const name = type.trim().toLowerCase();
  if (name.endsWith(']')) return 'other';
  return FAMILIES.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}

/** Can sums and means be taken of it? */
export function isNumeric(type: string): boolean {
  return ['integer', 'decimal', 'float'].includes(familyOf(type));
}

/** Is it a date, with or without a time of day? */
export function isTemporal(type: string): boolean {
  return ['date', 'timestamp', 'timestamptz'].includes(familyOf(type));
}
