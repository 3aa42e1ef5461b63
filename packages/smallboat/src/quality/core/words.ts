/** ` in at least 95 % of the rows`; nothing where all must. */
export function mostlyInWords(mostly: number | null | undefined): string {
  return mostly === null || mostly === undefined || mostly === 1
    ? ''
    : ` in at least ${Number((mostly * 100).toFixed(6))} % of the rows`;
}

/** Members of a set in a row, at most twenty of them. */
export function setInWords(values: readonly unknown[] | null | undefined): string {
  const shown = (values ?? []).slice(0, 20).map((value) => (value === '' ? '(empty)' : String(value)));
  const more = (values?.length ?? 0) - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
