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
  /** Take prices and popularity from the set, as a request would, and not from the warehouse. */
  readonly known?: boolean;
  /** A query that numbers the sessions. Default the cart sessions. */
  readonly sessions?: string;
}

/** The statement for all events of cart sessions; the mapping to tokens comes from `tokens.ts`, not from the file. */
export async function cartEventsSql(relation: string, sessions?: string): Promise<string> {
  return fill('cart-events.sql', {
    events: relation,
    token: tokenSql(),
    sessions: sessions ?? (await cartSessionsSql(relation)),
  });
}

/** The cart sessions with their numbers. */
export function cartSessionsSql(relation: string): Promise<string> {
  return fill('cart-sessions.sql', { events: relation });
}

/** Sessions that have not bought, with their numbers; with an add only where asked. */
export function openSessionsSql(relation: string, onlyCarts: boolean): Promise<string> {
  return fill('open-sessions.sql', { events: relation, adds: onlyCarts ? '1' : '0' });
}

/** The same with what features need beside. What no feature of the set asks for is not looked up. */
export async function cartContextSql(context: CartContext): Promise<string> {
  const { relation, statistics = relation, products, set, lastDay } = context;
  const needs = (name: FeatureSet['names'][number]): boolean => set.names.includes(name);
  const listed = set.pages.map((page, i) => `(${quoteText(page)}, ${i + 2})`).join(', ');
  return fill('cart-context.sql', {
    events: relation,
    sessions: context.sessions ?? (await cartSessionsSql(relation)),
    token: tokenSql(),
    pages: listed === '' ? NO_PAGES : `select hashed_url, number from (values ${listed}) as listed(hashed_url, number)`,
    prices: context.known === true ? knownSql(set, lastDay).prices : needs('price') ? pricesSql(products) : NO_PRICES,
    popularity:
      context.known === true
        ? knownSql(set, lastDay).popularity
        : needs('popularity')
          ? await popularitySql(statistics, lastDay)
          : NO_POPULARITY,
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

/** Products as the set has them, on every day. */
function knownSql({ products }: FeatureSet, lastDay: string): { readonly prices: string; readonly popularity: string } {
  const rows = Object.entries(products);
  if (rows.length === 0) return { prices: NO_PRICES, popularity: NO_POPULARITY };
  const list = (place: 0 | 1): string => rows.map(([name, of]) => `(${quoteText(name)}, ${of[place]})`).join(', ');
  return {
    prices: `select product_sku_hash, price from (values ${list(0)}) as known(product_sku_hash, price)`,
    popularity: `select product_sku_hash, date ${quoteText(lastDay)} as day, level from (values ${list(1)}) as known(product_sku_hash, level)`,
  };
}

const NO_PAGES = `select '' as hashed_url, 0 as number where false`;
const NO_PRICES = `select '' as product_sku_hash, 0 as price where false`;
const NO_POPULARITY = `select '' as product_sku_hash, date '1970-01-01' as day, 0 as level where false`;

function tokenSql(): string {
  const cases = NAMED_TOKENS.map(([name, token]) => `when '${name}' then ${token}`).join(' ');
  return `case event.normalized_action ${cases} else ${UNKNOWN_TOKEN} end`;
}

async function fill(file: string, values: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(new URL(file, new URL('./', import.meta.url)), 'utf8');
  return text
    .replaceAll(/^--.*\n/gm, '')
    .replaceAll(/\{\{ (\w+) \}\}/g, (whole, name: string) => values[name] ?? whole)
    .trim();
}
