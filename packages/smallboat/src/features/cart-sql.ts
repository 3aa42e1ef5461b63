import { readFile } from 'node:fs/promises';
import { quoteText } from '../warehouse/index.ts';
import { POPULARITY_LEVELS, PRICE_LEVELS } from './event-features.ts';
import type { FeatureSet } from './feature-set.ts';
import { NAMED_TOKENS, UNKNOWN_TOKEN } from './tokens.ts';

/** What a statement over cart sessions is made from. */
export interface CartContext {
  readonly relation: string;
  /** Events that popularity is counted in. Default `relation`. */
  readonly statistics?: string;
  readonly products: string;
  readonly set: FeatureSet;
  /** The first day that is not wholly in the training part: `2016-10-08`. */
  readonly lastDay: string;
}

/** The statement for all events of cart sessions; the mapping to tokens comes from `tokens.ts`, not from the file. */
export async function cartEventsSql(relation: string): Promise<string> {
  return fill('cart-events.sql', { events: relation, token: tokenSql() });
}

/** The same with what features need beside. What no feature of the set asks for is not looked up. */
export async function cartContextSql({
  relation,
  statistics = relation,
  products,
  set,
  lastDay,
}: CartContext): Promise<string> {
  const needs = (name: FeatureSet['names'][number]): boolean => set.names.includes(name);
  const listed = set.pages.map((page, i) => `(${quoteText(page)}, ${i + 2})`).join(', ');
  return fill('cart-context.sql', {
    events: relation,
    token: tokenSql(),
    pages: listed === '' ? NO_PAGES : `select hashed_url, number from (values ${listed}) as listed(hashed_url, number)`,
    prices: needs('price') ? pricesSql(products) : NO_PRICES,
    popularity: needs('popularity') ? await popularitySql(statistics, lastDay) : NO_POPULARITY,
    last_day: `date ${quoteText(lastDay)}`,
  });
}

/** Each product's price bucket. */
export function pricesSql(products: string): string {
  return `select product_sku_hash, least(${PRICE_LEVELS}, greatest(1, max(price_bucket)::integer)) as price from ${products} where price_bucket is not null group by product_sku_hash`;
}

/** Each product's popularity by day. */
export async function popularitySql(relation: string, lastDay: string): Promise<string> {
  const day = `date ${quoteText(lastDay)}`;
  return fill('popularity.sql', { events: relation, last_day: day, levels: String(POPULARITY_LEVELS) });
}

const NO_PAGES = `select '' as hashed_url, 0 as number where false`;
const NO_PRICES = `select '' as product_sku_hash, 0 as price where false`;
const NO_POPULARITY = `select '' as product_sku_hash, date '1970-01-01' as day, 0 as level where false`;

function tokenSql(): string {
  const cases = NAMED_TOKENS.map(([name, token]) => `when '${name}' then ${token}`).join(' ');
  return `case event.normalized_action ${cases} else ${UNKNOWN_TOKEN} end`;
}

async function fill(file: string, values: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(new URL(`./${file}`, import.meta.url), 'utf8');
  return text
    .replaceAll(/^--.*\n/gm, '')
    .replaceAll(/\{\{ (\w+) \}\}/g, (whole, name: string) => values[name] ?? whole);
}
