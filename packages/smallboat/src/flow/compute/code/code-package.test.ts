import { beforeAll, describe, expect, it } from 'vitest';
import { aProject, ours, pack } from '../../testing/code-project.ts';
import { type PackedCode, readPackage } from './code-package.ts';

describe('a code package', () => {
  let root = '';
  let packed: PackedCode;
  beforeAll(async () => {
    root = aProject();
    packed = await pack(root);
  });

  it('has the flow’s sources as they are, and the files that modules name by URL', () => {
    const own = [...packed.files.keys()].filter((path) => !/^(?:run|npm\/smallboat)/.test(path)).sort();
    expect(own).toEqual([
      'INFO',
      'app/flows/shop.ts',
      'app/lib/double.ts',
      'app/sql/cart.sql',
      'npm/plain@1.2.3/words.txt',
      'package.json',
    ]);
  });

  it('has entries for the flow, the task and the process of the body', () => {
    for (const name of ['flow', 'task', 'worker']) expect(packed.files.has(`run/${name}.js`)).toBe(true);
  });

  it('leaves packages with machine code to the image, and says which', () => {
    expect(packed.info.externals).toEqual({ native: '9.9.9' });
    expect(packed.info).toMatchObject({ script: 'app/flows/shop.ts', flow_name: 'Shop', smallboat_version: '0.1.0' });
  });

  it('can be read back', async () => {
    const again = await readPackage(packed.bytes);
    expect(again.info).toEqual(packed.info);
    expect([...again.files.keys()].sort()).toEqual([...packed.files.keys()].sort());
  });

  it('holds nothing of this machine', () => {
    const folders = [root, ours.replace(/\/$/, '')];
    for (const [path, content] of packed.files) {
      const text = Buffer.from(content).toString('utf8');
      expect(
        folders.filter((folder) => text.includes(folder)),
        path,
      ).toEqual([]);
    }
  });
});
