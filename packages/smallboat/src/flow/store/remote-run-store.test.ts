import { afterEach } from 'vitest';
import { STORE_PLACES, type StorePlace, storePlace } from '../testing/store-places.ts';
import { runStoreContract } from './contract.ts';
import { openRunStore } from './open-run-store.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each[Symbol.asyncDispose]()));
});

/** Changes a byte in the middle of an object, and not its length. */
function corruptObject({ s3 }: StorePlace, key: string): void {
  const [path = '', stored] = [...(s3?.objects ?? [])].find(([name]) => name.endsWith(`/${key}`)) ?? [];
  if (!stored) throw new Error(`no object ${key}`);
  const bytes = Buffer.from(stored.bytes);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
  s3?.objects.set(path, { ...stored, bytes, etag: '"0123456789abcdef0123456789abcdef"' });
}

for (const [name, kind] of Object.entries(STORE_PLACES)) {
  if (name === 'local') continue; // Has more to it: see local-run-store.test.ts.
  runStoreContract({
    name,
    create: async () => {
      const place = await storePlace(kind);
      open.push(place);
      return {
        open: () => openRunStore(place.spec),
        ...(place.s3 ? { corrupt: async (key: string) => corruptObject(place, key) } : {}),
      };
    },
  });
}
