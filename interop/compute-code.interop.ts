import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PackedCode } from '../packages/smallboat/src/flow/compute/code/code-package.ts';
import { aProject, pack } from '../packages/smallboat/src/flow/testing/code-project.ts';
import { sha256 } from '../packages/smallboat/src/kernel/index.ts';

const thrown = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('a code package', () => {
  let root = '';
  let packed: PackedCode;
  beforeAll(async () => {
    root = aProject();
    packed = await pack(root);
  });

  it('has the same bytes for the same sources in another folder', async () => {
    const other = mkdtempSync(join(tmpdir(), 'smallboat-elsewhere-'));
    cpSync(root, join(other, 'deeper/shop'), { recursive: true, verbatimSymlinks: true });
    expect(sha256((await pack(join(other, 'deeper/shop'))).bytes)).toBe(sha256(packed.bytes));
  });

  it('takes what patterns name, but nothing that is known to hold secrets', async () => {
    const { files } = await pack(root, { include: ['sql/**/*.sql', 'data'] });
    const added = [...files.keys()].filter((path) => !packed.files.has(path)).sort();
    expect(added).toEqual(['app/data/labels.json', 'app/sql/more/other.sql']);
  });

  it('leaves out packages that the flow wants left out', async () => {
    const { files, info } = await pack(root, { external: ['plain'] });
    expect(info.externals).toEqual({ native: '9.9.9', plain: '*' });
    expect(files.has('npm/plain@1.2.3/words.txt')).toBe(false);
  });

  it('refuses patterns that match nothing, and files of secrets by name', async () => {
    expect(await thrown(pack(root, { include: ['sqk/*.sql'] }))).toMatchObject({ code: 'INCLUDE_EMPTY' });
    expect(await thrown(pack(root, { include: ['.env'] }))).toMatchObject({ code: 'INCLUDE_FORBIDDEN' });
  });

  it('refuses code that holds what looks like a secret, and says where', async () => {
    const leaky = aProject({
      'lib/double.ts': `\nexport const key = '${['AK', 'IA'].join('')}IOSFODNN7TESTING';\nexport const double = (x: number) => x;`,
    });
    const error = await thrown(pack(leaky));
    expect(error).toMatchObject({ code: 'CODE_HOLDS_SECRET', facts: { line: 2, file: join(leaky, 'lib/double.ts') } });
    expect(String(error)).not.toContain('IOSFODNN7');
  });

  it('says which files are too large', async () => {
    const error = await thrown(pack(root, { maxMegabytes: 0.01 }));
    expect(error).toMatchObject({ code: 'CODE_TOO_LARGE', facts: { limit: 0.01 } });
    expect(String(error)).toMatch(/run\/chunk-\w+\.js/);
  });

  it('says in which line an import leads nowhere', async () => {
    const broken = aProject({ 'lib/double.ts': `import 'no-such-package';\nexport const double = (x: number) => x;` });
    const error = await thrown(pack(broken));
    expect(error).toMatchObject({ code: 'BUNDLE_FAILED' });
    expect(String(error)).toMatch(/lib\/double\.ts:1: .*no-such-package/);
  });
});
