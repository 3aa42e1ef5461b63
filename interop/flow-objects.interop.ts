import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { flow, openClient, runFlow, step } from '../packages/smallboat/src/flow/index.ts';
import { type SharedPlace, remotePlace } from './metaflow-places.ts';

/** Objects that bodies keep in S3, and Metaflow's own client `S3`: each reads what the other put, at the place of a run. */
let place: SharedPlace;
beforeAll(async () => {
  place = await remotePlace();
});
afterAll(() => place[Symbol.asyncDispose]());

const keep = step('keep', {
  run: async (_: object, { s3, tempFolder, saveFolder }) => {
    const note = join(await tempFolder(), 'note.txt');
    await writeFile(note, 'kept');
    const own = await s3();
    await own.put('model/menu.json', JSON.stringify({ café: 2 }), {
      contentType: 'application/json',
      metadata: { by: 'Zoë', n: 1 },
    });
    await own.putMany([0, 1, 2].map((i) => ({ key: `parts/${i}`, content: Buffer.alloc(10 << 20, i) })));
    return { root: own.root, folder: await saveFolder(note) };
  },
});
const keeping = flow('Keeping', {}, () => keep({}));

const READ = `
import json, sys
from metaflow import Run, S3, namespace
namespace(None)
task = Run(sys.argv[1])['keep'].task
names = sorted(a.id for a in task)
with S3(run=Run(sys.argv[1])) as s3:
    menu = s3.get('model/menu.json')
    parts = s3.get_many(['parts/0', 'parts/1', 'parts/2'])
    info = s3.info('model/menu.json')
    listed = sorted(o.key for o in s3.list_recursive())
    s3.put('theirs/note', 'grüße', content_type='text/plain', metadata={'from': 'Zoë'})
    s3.put_many([('theirs/many/%d' % i, str(i)) for i in range(5)])
    print(json.dumps({'root': s3._s3root, 'text': menu.text, 'type': info.content_type, 'metadata': info.metadata,
        'sizes': [p.size for p in parts], 'last': [p.blob[-1] for p in parts], 'listed': listed,
        'names': names, 'file': task.data.folder['files'][0]['path'], 'kept': task['_folder_0'].data.decode()}))`;

it('are the same here and in Metaflow’s client', async () => {
  await using store = await place.open();
  await using run = await runFlow(keeping, { module: import.meta.url, store });
  const { root } = await run.result();
  expect(await place.ask(READ, [`Keeping/${run.run}`])).toEqual({
    root,
    text: '{"café":2}',
    type: 'application/json',
    metadata: { by: 'Zoë', n: 1 },
    sizes: Array(3).fill(10 << 20),
    last: [0, 1, 2],
    listed: ['model/menu.json', 'parts/0', 'parts/1', 'parts/2'],
    names: ['folder', 'name', 'root'],
    file: 'note.txt',
    kept: 'kept',
  });
  await using client = await openClient(store);
  const past = await client.flow(keeping).run(run.run);
  await using objects = await past.s3();
  const note = await objects.get('theirs/note');
  expect(note.text()).toBe('grüße');
  expect(note).toMatchObject({ contentType: 'text/plain', metadata: { from: 'Zoë' } });
  const names: string[] = [];
  for await (const { kind, key } of objects.list('theirs')) names.push(`${kind} ${key}`);
  expect(names).toEqual(['folder theirs/many', 'object theirs/note']);
  const many = await objects.getMany([0, 1, 2, 3, 4].map((i) => `theirs/many/${i}`));
  expect(many.map((one) => one.text())).toEqual(['0', '1', '2', '3', '4']);
});
