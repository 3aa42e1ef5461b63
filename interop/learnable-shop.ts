import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A shop in which a session's first and fifth look decide together: whoever looks twice in the same way buys, but for one in ten, as a model that
 * is never wrong is refused. No count and no step from one look to the next tells, so that a GRU beats every baseline within seconds, and is registered.
 */
export async function aShopToLearnFrom(sessions: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-shop-'));
  const byte = (of: string): number => createHash('sha256').update(of).digest()[0] ?? 0;
  const look = (way: number): string => (way === 1 ? 'event_product,detail' : 'pageview,');
  const rows = Array.from({ length: sessions }, (_, session) => {
    const bits = [0, 1, 2, 3, 4].map((k) => byte(`${session} ${k}`) & 1);
    const isOdd = byte(`${session}`) < 26;
    const looks = bits.map(look);
    const events = [
      ...looks,
      'event_product,add',
      ...((bits[0] === bits[4]) !== isOdd ? ['event_product,purchase'] : []),
    ];
    const at = 1_547_500_000_000 + session * 60_000;
    return events.map((event, k) => `s${session},${event},p${k},${at + k * 1000},u${k}`);
  });
  const files = {
    browsing_train: [
      'session_id_hash,event_type,product_action,product_sku_hash,server_timestamp_epoch_ms,hashed_url',
      ...rows.flat(),
    ],
    search_train: [
      'session_id_hash,query_vector,clicked_skus_hash,product_skus_hash,server_timestamp_epoch_ms',
      `s1,"[0.1, 0.2]",,"['p1', 'p2']",1547500060000`,
    ],
    sku_to_content: [
      'product_sku_hash,description_vector,category_hash,image_vector,price_bucket',
      'p1,"[0.1, 0.2]",c1/c2,[0.3],4',
    ],
  };
  for (const [name, lines] of Object.entries(files))
    await writeFile(join(folder, `${name}.csv`), `${lines.join('\n')}\n`);
  return folder;
}
