import { expect, it } from 'vitest';
import { s3Server } from '../packages/smallboat/src/flow/testing/s3-server.ts';
import { SHORT_PAGES, TRIED, runPage } from '../scripts/run-pages.ts';

const IN_S3 = 'docs/stores.md';
const others = Object.keys(TRIED).filter((page) => page !== IN_S3 && !SHORT_PAGES.includes(page));

it('knows its pages', () => {
  expect([IN_S3, ...SHORT_PAGES].filter((page) => !(page in TRIED))).toEqual([]);
});

it.for(others)('%s runs as written', (page) => runPage(page));

it(`${IN_S3} runs as written, with the bucket that it speaks of`, async () => {
  await using server = await s3Server();
  const kept = {
    'menu.json': '{"tea":2}',
    'orders.parquet': 'PAR1 and so on',
    'clicks.jsonl': '{"click":1}\n',
    'day/mon.csv': 'a',
    'day/tue.csv': 'b',
  };
  for (const [key, text] of Object.entries(kept)) {
    server.objects.set(`shop-data/exports/${key}`, {
      bytes: Buffer.from(text),
      etag: `"${key}"`,
      at: new Date(),
      headers: {},
    });
  }
  const surroundings = {
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'somebody',
    AWS_SECRET_ACCESS_KEY: 'something',
  };
  await runPage(IN_S3, surroundings);
});
