import { DBT_VERSION } from '../context/invocation.ts';

/** A version as dbt's hub has them: `1.3.0`, `>=1.0.0-rc1`. */
export interface VersionBound {
  readonly matcher: '=' | '>=' | '<=' | '>' | '<';
  readonly numbers: readonly [number, number, number];
  readonly prerelease: string | undefined;
}

const VERSION = /^\s*(>=|<=|>|<|=)?\s*(\d+)\.(\d+)\.(\d+)(?:-([0-9a-z.-]+))?(?:\+[0-9a-z.-]+)?\s*$/i;

/** Undefined where the text is no version. */
export function boundOf(text: string): VersionBound | undefined {
  const [, matcher = '=', major, minor, patch, prerelease] = VERSION.exec(text) ?? [];
  if (major === undefined) return undefined;
  return {
    matcher: matcher as VersionBound['matcher'], // the expression allows no other
    numbers: [Number(major), Number(minor), Number(patch)],
    prerelease,
  };
}

function comparePrereleases(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const [one = '', other = ''] = [left[i], right[i]];
    const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    const order = isNumber ? Number(one) - Number(other) : one < other ? -1 : one > other ? 1 : 0;
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Negative where `a` is before `b`: a version that is in preparation comes before the version itself. */
export function compareVersions(a: VersionBound, b: VersionBound): number {
  for (let i = 0; i < 3; i += 1) {
    const order = (a.numbers[i] ?? 0) - (b.numbers[i] ?? 0);
    if (order !== 0) return order;
  }
  if (a.prerelease === b.prerelease) return 0;
  if (a.prerelease === undefined) return 1;
  if (b.prerelease === undefined) return -1;
  return comparePrereleases(a.prerelease, b.prerelease);
}

/** Whether a version is within all bounds. */
export function isWithin(version: VersionBound, bounds: readonly VersionBound[]): boolean {
  return bounds.every((bound) => {
    const order = compareVersions(version, bound);
    // A version in preparation of the bound itself is not below it.
    if (bound.matcher === '<') return order < 0 && !(bound.prerelease === undefined && sameNumbers(version, bound));
    const fits = { '=': order === 0, '>=': order >= 0, '<=': order <= 0, '>': order > 0 };
    return fits[bound.matcher];
  });
}

function sameNumbers(a: VersionBound, b: VersionBound): boolean {
  return a.numbers.every((number, i) => number === b.numbers[i]);
}

/** The newest of `versions` within the bounds; one in preparation only where that is asked for. */
export function newestWithin(
  versions: readonly string[],
  bounds: readonly VersionBound[],
  allowsPrereleases: boolean,
): string | undefined {
  const isAsked = allowsPrereleases || bounds.some(({ prerelease }) => prerelease !== undefined);
  let best: { readonly text: string; readonly version: VersionBound } | undefined;
  for (const text of versions) {
    const version = boundOf(text);
    if (!version || (version.prerelease !== undefined && !isAsked) || !isWithin(version, bounds)) continue;
    if (!best || compareVersions(best.version, version) < 0) best = { text, version };
  }
  return best?.text;
}

/** Whether the dbt whose behaviour we have is one that a package asks for: `['>=1.3.0', '<2.0.0']`. */
export function fitsDbt(needed: readonly string[]): boolean {
  const own = boundOf(DBT_VERSION);
  const bounds = needed.flatMap((text) => text.split(',')).flatMap((text) => boundOf(text) ?? []);
  return own === undefined || isWithin(own, bounds);
}
