import { readFile } from 'node:fs/promises';
import { join as pathIn, resolve } from 'node:path';
import * as z from 'zod';
import { defineErrors } from '../../kernel/index.ts';
import type { Purchase } from '../../monitoring/index.ts';
import { joinPurchases, predictionLog } from '../../monitoring/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import type { Command } from '../command.ts';
import { predictionsIn } from './monitored.ts';
import { Length, Since, fromOf } from './span.ts';

export const joinErrors = defineErrors({
  PURCHASES_UNREADABLE: (f: { query: string; problem: string }) =>
    `${f.query} does not give purchases: ${f.problem}. Its result needs the columns session (a text) and at (a timestamp, or milliseconds since 1970).`,
});

const schema = z.object({
  query: z.string(),
  horizon: Length.default(86_400_000),
  since: Since.optional(),
  warehouse: z.string().optional(),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

/** `smallboat monitor join`: labels for the prediction log, from a query over the shop's purchases. */
export const join: Command<typeof schema> = {
  name: 'monitor',
  call: 'smallboat monitor join',
  summary: 'Give predictions their labels from the purchases in the warehouse.',
  example: 'smallboat monitor join --query purchases.sql --horizon 24h',
  schema,
  fromSettings: ['home', 'warehouse'],
  flags: {
    query: { type: 'string', short: 'q', help: 'file with a query that gives session and at of each purchase' },
    horizon: { type: 'string', help: 'a purchase this long after the prediction still counts (default 24h)' },
    since: { type: 'string', help: 'predictions of the last 90m, 24h, 7d, or from a time on (default: all)' },
    warehouse: { type: 'string', short: 'w', help: 'URL of the warehouse (default the DuckDB file in the home)' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print the counts as JSON' },
  },
  async run(args, io) {
    const home = resolve(io.cwd, args.home);
    const folder = predictionsIn(home);
    const path = resolve(io.cwd, args.query);
    await using warehouse = await openWarehouse(args.warehouse ?? `duckdb:${pathIn(home, 'warehouse.duckdb')}`, {
      cwd: io.cwd,
    });
    const purchases = (await warehouse.query(await readFile(path, 'utf8'))).map((row) => purchaseOf(row, path));
    const now = Date.now();
    await using log = predictionLog({ folder });
    const joined = await joinPurchases({
      folder,
      log,
      purchases,
      horizonMs: args.horizon,
      now,
      ...fromOf(args.since, now),
    });
    await log.flush();
    if (args.json) io.out(JSON.stringify(joined));
    else {
      const { bought, notBought, unchanged, waiting, withoutSession } = joined;
      io.out(
        `${bought} labelled as bought, ${notBought} as not; ${unchanged} had their label, ${waiting} may still buy, ${withoutSession} name no session.`,
      );
    }
  },
};

/** Timestamps without a zone are UTC, as everywhere in the pipeline. */
function purchaseOf(row: Readonly<Record<string, unknown>>, query: string): Purchase {
  const { session, at } = row;
  if (typeof session !== 'string' && typeof session !== 'number') {
    throw joinErrors.PURCHASES_UNREADABLE({ query, problem: `a row has the session ${JSON.stringify(session)}` });
  }
  const ms = typeof at === 'string' ? Date.parse(utc(at)) : Number(at);
  if (at === null || at === undefined || !Number.isFinite(ms)) {
    throw joinErrors.PURCHASES_UNREADABLE({ query, problem: `a row has the time ${JSON.stringify(String(at))}` });
  }
  return { session: String(session), at: ms };
}

function utc(text: string): string {
  const [, day = '', time = '00:00:00', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(.*)$/.exec(text) ?? [];
  return `${day}T${time}${/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone === '' ? 'Z' : zone}`;
}
