import { kindErrors } from '../kind.ts';
import { betaCdf, gammaCdf, normalCdf } from '../stats/gamma.ts';

type Name = 'norm' | 'beta' | 'gamma' | 'uniform' | 'chi2' | 'expon';
type Params = readonly number[] | Readonly<Record<string, number>>;

export interface NamedDistribution {
  readonly cdf: (x: number) => number;
  /** The parameters in the order in which scipy takes them. */
  readonly positional: readonly number[];
}

/** How many shape parameters a distribution has; after them come location and scale. */
const SHAPES: Readonly<Record<Name, readonly string[]>> = {
  norm: [],
  beta: ['alpha', 'beta'],
  gamma: ['alpha'],
  uniform: [],
  chi2: ['df'],
  expon: [],
};

/** What Great Expectations calls location and scale in a dictionary: the bounds of `uniform` are passed as these, too. */
const PLACES: Readonly<Record<Name, readonly [string, string]>> = {
  norm: ['mean', 'std_dev'],
  beta: ['loc', 'scale'],
  gamma: ['loc', 'scale'],
  uniform: ['min', 'max'],
  chi2: ['loc', 'scale'],
  expon: ['loc', 'scale'],
};

/** A distribution of a suite. Throws `EXPECTATION_UNFIT` where parameters are missing, too many or not positive. */
export function distributionOf(name: Name, params: Params | undefined): NamedDistribution {
  const unfit = (problem: string): Error => kindErrors.EXPECTATION_UNFIT({ problem: `ValueError: ${problem}` });
  if (params === undefined) throw unfit('params must be a dict or list.');
  const shapes = SHAPES[name];
  const positional = isList(params)
    ? params
    : [...shapes, ...PLACES[name]].map(
        (key, i) => params[key] ?? (i === shapes.length + 1 ? 1 : i === shapes.length ? 0 : Number.NaN),
      );
  if (positional.length < shapes.length)
    throw unfit(`Missing required parameters: ${name} needs ${shapes.join(' and ')}.`);
  if (positional.length > shapes.length + 2) throw unfit(`Too many parameters provided for ${name}.`);
  const own = positional.slice(0, shapes.length);
  if (own.some((value) => !(value > 0)))
    throw unfit(`Invalid parameters: ${shapes.join(' and ')} of ${name} must be positive.`);
  const [location = 0, scale = 1] = positional.slice(shapes.length);
  if (!(scale > 0)) throw unfit('std_dev and scale must be positive.');
  const [a = 1, b = 1] = own;
  const standard: Readonly<Record<Name, (x: number) => number>> = {
    norm: normalCdf,
    beta: (x) => betaCdf(x, a, b),
    gamma: (x) => gammaCdf(a, x),
    uniform: (x) => Math.min(1, Math.max(0, x)),
    chi2: (x) => gammaCdf(a / 2, x / 2),
    expon: (x) => (x <= 0 ? 0 : -Math.expm1(-x)),
  };
  return { cdf: (x) => standard[name]((x - location) / scale), positional };
}

function isList(params: Params): params is readonly number[] {
  return Array.isArray(params);
}
