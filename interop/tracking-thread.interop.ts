import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trackerContract } from '../packages/smallboat/src/tracking/contract.ts';
import { openTracker } from '../packages/smallboat/src/tracking/index.ts';

/** Each case starts a thread: too many for `npm test`. */
trackerContract({
  name: 'local, sent on by a thread',
  create: async () => {
    const home = await mkdtemp(join(tmpdir(), 'smallboat-'));
    return openTracker({ folder: join(home, 'tracking'), env: { WANDB_MODE: 'offline' }, tell: () => undefined });
  },
});
