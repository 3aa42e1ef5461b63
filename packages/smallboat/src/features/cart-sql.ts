import { readFile } from 'node:fs/promises';
import type { Dialect } from '../warehouse/index.ts';
import { quoteText } from '../warehouse/index.ts';
import { PRICE_LEVELS } from './event-features.ts';
import type { FeatureSet } from './feature-set.ts';
import { daySql, featureSqlOf } from './feature-sql.ts';
import { NAMED_TOKENS, UNKNOWN_TOKEN } from './tokens.ts';

/** What a statement over cart sessions is made from. */
export interface CartContext {
  readonly dialect: Dialect;
  readonly relation: string;
  /** Events that popularity is counted in. Default `relation`. */
  readonly statistics?: string;
  readonly products: string;
  readonly set: FeatureSet;
  /** The first day that is not wholly in the training part: `2016-10-08`. */
  readonly lastDay: string;
  /** Take prices and popularity from the set, as a request would, and not from the warehouse. */
  readonly known?: boolean;
  /** A query that numbers the sessions. Default the cart sessions. */
  readonly sessions?: string;
}

/** The statement for all events of cart sessions; the mapping to tokens comes from `tokens.ts`, not from the file. */
export async function cartEventsSql(dialect: Dialect, relation: string, sessions?: string): Promise<string> {
  return fill('cart-events.sql', dialect, {
    events: relation,
    token: tokenSql(),
    sessions: sessions ?? (await cartSessionsSql(dialect, relation)),
  });
}

/** The cart sessions with their numbers. */
function cartSessionsSql(dialect: Dialect, relation: string): Promise<string> {
  return fill('cart-sessions.sql', dialect, { events: relation });
}

/** Sessions that have not bought, with their numbers; with an add only where asked. */
export function openSessionsSql(dialect: Dialect, relation: string, onlyCarts: boolean): Promise<string> {
  return fill('open-sessions.sql', dialect, { events: relation, adds: onlyCarts ? '1' : '0' });
}

/** The same with what features need beside. What no feature of the set asks for is not looked up. */
export async function cartContextSql(context: CartContext): Promise<string> {
  const { dialect, relation, statistics = relation, products, set, lastDay } = context;
  const needs = (name: FeatureSet['names'][number]): boolean => set.names.includes(name);
  const { rows } = featureSqlOf(dialect);
  const listed = set.pages.map((page, i) => [quoteText(page), String(i + 2)]);
  const known = context.known === true ? knownSql(dialect, set, lastDay) : undefined;
  return fill('cart-context.sql', dialect, {
    events: relation,
    sessions: context.sessions ?? (await cartSessionsSql(dialect, relation)),
    token: tokenSql(),
    pages: listed.length === 0 ? NO_PAGES : rows(['hashed_url', 'number'], listed),
    prices: known?.prices ?? (needs('price') ? pricesSql(products) : NO_PRICES),
    popularity:
      known?.popularity ?? (needs('popularity') ? await popularitySql(dialect, statistics, lastDay) : NO_POPULARITY),
    last_day: daySql(lastDay),
  });
}

/** Each product's price bucket. */
export function pricesSql(products: string): string {
  return `select product_sku_hash, least(${PRICE_LEVELS}, greatest(1, cast(max(price_bucket) as integer))) as price from ${products} where price_bucket is not null group by product_sku_hash`;
}

/** Each product's popularity by day. */
export async function popularitySql(dialect: Dialect, relation: string, lastDay: string): Promise<string> {
  return fill('popularity.sql', dialect, { events: relation, last_day: daySql(lastDay) });
}

/** Products as the set has them, on every day. */
function knownSql(
  dialect: Dialect,
  { products }: FeatureSet,
  lastDay: string,
): { readonly prices: string; readonly popularity: string } {
  const { rows } = featureSqlOf(dialect);
  const known = Object.entries(products);
  if (known.length === 0) return { prices: NO_PRICES, popularity: NO_POPULARITY };
  const list = (place: 0 | 1) => known.map(([name, of]) => [quoteText(name), String(of[place])]);
  const levels = rows(['product_sku_hash', 'level'], list(1));
  return {
    prices: rows(['product_sku_hash', 'price'], list(0)),
    popularity: `select product_sku_hash, ${daySql(lastDay)} as day, level from (${levels}) as levels`,
  };
}

const NO_PAGES = `select * from (select '' as hashed_url, 0 as number) as no_page where false`;
const NO_PRICES = `select * from (select '' as product_sku_hash, 0 as price) as no_price where false`;
const NO_POPULARITY = `select * from (select '' as product_sku_hash, date '1970-01-01' as day, 0 as level) as no_level where false`;

function tokenSql(): string {
  const cases = NAMED_TOKENS.map(([name, token]) => `when '${name}' then ${token}`).join(' ');
  return `case event.normalized_action ${cases} else ${UNKNOWN_TOKEN} end`;
}

/** The statement of a file: its header taken off, and `{{ name }}` and `{{ name(a, b) }}` filled in. */
async function fill(file: string, dialect: Dialect, values: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(new URL(file, new URL('./', import.meta.url)), 'utf8');
  const sql = featureSqlOf(dialect);
  const names: Readonly<Record<string, string>> = { ...sql.types, ...values };
  const calls: Readonly<Record<string, (a: string, b: string) => string>> = {
    epoch_ms: sql.epochMs,
    is_same: sql.isSame,
    level: sql.level,
  };
  return text
    .replaceAll(/^--.*\n/gm, '')
    .replaceAll(/\{\{ (\w+)(?:\(([^,)]*)(?:, ([^)]*))?\))? \}\}/g, (whole, name: string, a?: string, b = '') => {
      return (a === undefined ? names[name] : calls[name]?.(a, b)) ?? whole;
    })
    .trim();
}
