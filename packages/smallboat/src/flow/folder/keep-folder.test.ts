import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClient } from '../client.ts';
import { flow } from '../compose/flow.ts';
import { step } from '../compose/step.ts';
import { quietContext } from '../quiet-context.ts';
import { resumeFlow, runFlow } from '../run-flow.ts';
import { collectGarbage } from '../gc/collect-garbage.ts';
import { openRunStore } from '../store/open-run-store.ts';
import { inMemoryRunStore } from '../store-in-memory.ts';
import type { FolderRef } from './folder-ref.ts';
import { fetchFolder, keepFolder } from './keep-folder.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-keep-'));
});
afterAll(() => rm(folder, { recursive: true }));

const weights = randomBytes(70 * 2 ** 20 + 3);
/** A model as a folder: small files, an empty one, one of three pieces. */
async function aModel(name: string): Promise<string> {
  const at = join(folder, name);
  await mkdir(join(at, 'tokens'), { recursive: true });
  await writeFile(join(at, 'weights.bin'), weights);
  await writeFile(join(at, 'tokens/vocabulary.txt'), 'view\nadd\n');
  await writeFile(join(at, 'empty'), '');
  return at;
}

describe('a folder that a step keeps', () => {
  it('comes back file by file, in a small artifact, and lives as long as its run', async () => {
    const model = await aModel('model');
    let isBroken = true;
    const train = step('train', {
      run: async (_: object, { saveFolder }) => ({ model: await saveFolder(model, { label: 'best' }) }),
    });
    const use = step('use', {
      run: async ({ model: ref }: { model: FolderRef }, { loadFolder }) => {
        if (isBroken) throw new Error('broken on purpose');
        const at = await loadFolder(ref);
        const same = Buffer.compare(await readFile(join(at, 'weights.bin')), weights) === 0;
        return {
          same,
          files: (await readdir(at, { recursive: true })).sort(),
          text: await readFile(join(at, 'tokens/vocabulary.txt'), 'utf8'),
        };
      },
    });
    const keeping = flow('Keeping', {}, () => use(train({})));
    await using store = await openRunStore({ folder: join(folder, 'runs') });
    const options = { module: import.meta.url, store };
    await expect(runFlow(keeping, options)).rejects.toMatchObject({ code: 'STEP_FAILED' });
    isBroken = false;
    // The task that kept it is taken over, with what it kept.
    await using run = await resumeFlow(keeping, options);
    expect(await run.result()).toEqual({
      same: true,
      files: ['empty', 'tokens', 'tokens/vocabulary.txt', 'weights.bin'],
      text: 'view\nadd\n',
    });
    await using client = await openClient(store);
    const past = await client.flow(keeping).run(run.run);
    const { model: ref } = await (await past.task(train)).made();
    expect(ref).toMatchObject({ kind: 'folder', bytes: weights.length + 9, metadata: { label: 'best' } });
    await past.loadFolder(ref, join(folder, 'here'));
    expect(await readFile(join(folder, 'here/tokens/vocabulary.txt'), 'utf8')).toBe('view\nadd\n');
    const { ended } = (await store.tasks('Keeping', run.run)).find(({ path }) => path.step === 'train') ?? {};
    const kept = Object.entries(ended?.artifacts ?? {}).flatMap(([name, key]) =>
      name.startsWith('_folder_') ? [key] : [],
    );
    expect(kept.sort()).toEqual(ref.files.flatMap(({ parts }) => parts).sort());
  });

  it('is there for the next attempt where a checkpoint names it, whatever is swept meanwhile', async () => {
    await writeFile(join(folder, 'half'), 'half way');
    let isBroken = true;
    const long = step('long', {
      run: async (_: object, { saveFolder, loadFolder, checkpoint }) => {
        if (isBroken) {
          await checkpoint.save(await saveFolder(join(folder, 'half')));
          throw new Error('broken on purpose');
        }
        const at = await loadFolder((await checkpoint.load()) as FolderRef);
        return { text: await readFile(join(at, 'half'), 'utf8') };
      },
    });
    const going = flow('Going', {}, () => long({}));
    const place = { folder: join(folder, 'swept') };
    await using store = await openRunStore(place);
    const options = { module: import.meta.url, store };
    await expect(runFlow(going, options)).rejects.toMatchObject({ code: 'STEP_FAILED' });
    isBroken = false;
    await collectGarbage(place, { clock: () => Date.now() + 7_200_000 });
    await using run = await resumeFlow(going, options);
    expect(await run.result()).toEqual({ text: 'half way' });
  });

  it('is stored once: of a folder that changed a little only the pieces that changed', async () => {
    const store = inMemoryRunStore();
    const model = await aModel('again');
    const before = await keepFolder(model, { store, flow: 'F' });
    await writeFile(join(model, 'weights.bin'), Buffer.concat([weights.subarray(0, 64 << 20), Buffer.from('new end')]));
    const after = await keepFolder(model, { store, flow: 'F' });
    const [old, now] = [before, after].map(
      ({ files }) => files.find(({ path }) => path === 'weights.bin')?.parts ?? [],
    );
    expect(now?.slice(0, 2)).toEqual(old?.slice(0, 2));
    expect(now?.[2]).not.toBe(old?.[2]);
  });

  it('may be one file, and is nothing else', async () => {
    const store = inMemoryRunStore();
    await writeFile(join(folder, 'one'), 'x');
    expect((await keepFolder(join(folder, 'one'), { store, flow: 'F' })).files).toMatchObject([{ path: 'one' }]);
    await mkdir(join(folder, 'links'));
    await symlink('/etc/hostname', join(folder, 'links/away'));
    for (const path of ['nowhere', 'links']) {
      await expect(keepFolder(join(folder, path), { store, flow: 'F' })).rejects.toMatchObject({
        code: 'FOLDER_NOT_STORABLE',
      });
    }
  });

  it.each(['../out', '/etc/x', 'a/../../x', 'a//b', 'C:\\x', '', '.'])('writes nothing to %j', async (path) => {
    const ref: FolderRef = { kind: 'folder', flow: 'F', bytes: 0, files: [{ path, bytes: 0, parts: [] }] };
    const into = join(folder, 'safe');
    await expect(fetchFolder(ref, into, inMemoryRunStore())).rejects.toMatchObject({ code: 'FOLDER_REF_INVALID' });
  });

  it('goes from one body to the next where they run by themselves', async () => {
    await writeFile(join(folder, 'note'), 'hello');
    const ref = await quietContext('a').saveFolder(join(folder, 'note'));
    const at = await quietContext('b').loadFolder(ref);
    expect(await readFile(join(at, 'note'), 'utf8')).toBe('hello');
    await rm(at, { recursive: true });
  });
});
