import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aliasAt } from './alias-history.ts';
import { promote, promoteErrors, rollback } from './promote.ts';
import type { ModelRegistry } from './registry.ts';
import { CHAMPION, registryErrors } from './registry.ts';

export interface RegistryContract {
  readonly name: string;
  /** A new, empty registry. Called once a test. */
  readonly create: () => Promise<ModelRegistry>;
}

/** A folder of data that looks like a model's; `content` makes it differ. For tests of registries and their users. */
export async function modelFolderForTests(content = 'weights'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-model-'));
  await mkdir(join(folder, 'parts'));
  await writeFile(join(folder, 'manifest.json'), '{}');
  await writeFile(join(folder, 'parts', 'weights.bin'), content);
  return folder;
}

/** The promises of the `ModelRegistry` port, as tests. Every adapter runs all of them. */
export function registryContract({ name, create }: RegistryContract): void {
  const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await work.catch((e: unknown) => e);
    return error instanceof Error && 'code' in error ? error.code : error;
  };

  describe(`${name} keeps the ModelRegistry contract`, () => {
    it('knows nothing before the first model', async () => {
      const registry = await create();
      expect(await registry.models()).toEqual([]);
      expect(await registry.versions('intent')).toEqual([]);
      expect(await registry.aliasHistory('intent')).toEqual([]);
      expect(await codeOf(registry.version('intent', CHAMPION))).toBe(registryErrors.MODEL_VERSION_NOT_FOUND.code);
    });

    it('counts versions from 1, and gives back what was registered', async () => {
      const registry = await create();
      const modelFolder = await modelFolderForTests();
      const first = await registry.register({ name: 'intent', modelFolder });
      const given = {
        metrics: { auc: 0.75, undefined_one: Number.NaN },
        trackedRun: 'r1',
        lineage: { flowRun: 'intent/7', dataSnapshot: 'abc', codeHash: 'def', inputs: { vocabulary: '12' } },
        gate: { passed: true, reason: 'Passed: it beats all.' },
        reason: 'beats all.',
        tags: { team: 'reco' },
      };
      const second = await registry.register({ name: 'intent', modelFolder, ...given });
      expect([first.version, second.version]).toEqual([1, 2]);
      expect(await registry.version('intent', 2)).toEqual(second);
      expect(second).toMatchObject({ name: 'intent', ...given, aliases: [] });
      expect(second.files).toEqual([
        // printf '{}' | sha256sum, printf weights | sha256sum
        { path: 'manifest.json', bytes: 2, sha256: '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' },
        {
          path: 'parts/weights.bin',
          bytes: 7,
          sha256: '9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c',
        },
      ]);
      expect((await registry.versions('intent')).map((v) => v.version)).toEqual([1, 2]);
      expect(await registry.models()).toEqual(['intent']);
    });

    it('gives each of many that register at once a number of its own, without gaps', async () => {
      const registry = await create();
      const folders = await Promise.all(Array.from({ length: 12 }, (_, i) => modelFolderForTests(`weights ${i}`)));
      const made = await Promise.all(folders.map((modelFolder) => registry.register({ name: 'intent', modelFolder })));
      expect(made.map((v) => v.version).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    });

    it('lets an alias move from version to version, and remembers', async () => {
      const registry = await create();
      const modelFolder = await modelFolderForTests();
      for (const _ of [1, 2]) await registry.register({ name: 'intent', modelFolder });
      await registry.alias('intent', 1, CHAMPION, 'the first');
      await registry.alias('intent', 2, CHAMPION, 'better');
      expect((await registry.version('intent', CHAMPION)).version).toBe(2);
      expect((await registry.versions('intent')).map((v) => v.aliases)).toEqual([[], [CHAMPION]]);
      expect(await registry.aliasHistory('intent')).toMatchObject([
        { alias: CHAMPION, version: 1, reason: 'the first' },
        { alias: CHAMPION, version: 2, reason: 'better' },
      ]);
    });

    it('takes an alias away, and keeps that in the history, with who and why', async () => {
      const registry = await create();
      await registry.register({ name: 'intent', modelFolder: await modelFolderForTests() });
      await registry.unalias('intent', CHAMPION);
      await registry.alias('intent', 1, CHAMPION, { reason: 'good', by: 'me', kind: 'rollback' });
      await registry.unalias('intent', CHAMPION, 'bad');
      expect((await registry.versions('intent')).map((v) => v.aliases)).toEqual([[]]);
      expect(await codeOf(registry.version('intent', CHAMPION))).toBe(registryErrors.MODEL_VERSION_NOT_FOUND.code);
      expect(await registry.aliasHistory('intent')).toMatchObject([
        { alias: CHAMPION, version: 1, reason: 'good', by: 'me', kind: 'rollback' },
        { alias: CHAMPION, version: null, reason: 'bad' },
      ]);
    });

    it('changes tags of a version, and nothing else', async () => {
      const registry = await create();
      const modelFolder = await modelFolderForTests();
      const made = await registry.register({ name: 'intent', modelFolder, tags: { a: '1', b: '2' } });
      await registry.setTags('intent', 1, { b: '3', c: '4' });
      expect(await registry.version('intent', 1)).toEqual({ ...made, tags: { a: '1', b: '3', c: '4' } });
      expect(await codeOf(registry.setTags('intent', 2, {}))).toBe(registryErrors.MODEL_VERSION_NOT_FOUND.code);
    });

    it('answers which version had an alias at any time', async () => {
      const registry = await create();
      const modelFolder = await modelFolderForTests();
      for (const _ of [1, 2, 3]) await registry.register({ name: 'intent', modelFolder });
      for (const version of [1, 3, 2, 1]) await registry.alias('intent', version, CHAMPION);
      await registry.alias('intent', 3, 'challenger');
      const history = await registry.aliasHistory('intent');
      const ats = history.map((change) => change.at);
      expect(ats).toEqual(ats.toSorted((a, b) => a - b));
      for (const { at, alias } of history) {
        // The last of the changes with this time.
        const last = history.findLast((change) => change.alias === alias && change.at <= at);
        expect(aliasAt(history, alias, at)?.version).toBe(last?.version);
      }
      expect(aliasAt(history, CHAMPION, (ats[0] ?? 0) - 1)).toBeUndefined();
    });

    it('promotes behind the gate, and goes back step by step', async () => {
      const registry = await create();
      const modelFolder = await modelFolderForTests();
      const gate = { passed: true, reason: 'Passed.' };
      for (const _ of [1, 2, 3]) await registry.register({ name: 'intent', modelFolder, gate });
      await registry.register({ name: 'intent', modelFolder, gate: { passed: false, reason: 'Refused.' } });
      await registry.register({ name: 'intent', modelFolder });
      for (const version of [1, 2, 3]) await promote(registry, 'intent', version);
      for (const version of [4, 5]) {
        expect(await codeOf(promote(registry, 'intent', version))).toBe(promoteErrors.PROMOTION_REFUSED.code);
      }
      expect((await rollback(registry, 'intent', { reason: 'slow' })).version).toBe(2);
      expect((await rollback(registry, 'intent')).version).toBe(1);
      expect(await codeOf(rollback(registry, 'intent'))).toBe(promoteErrors.ROLLBACK_IMPOSSIBLE.code);
      await promote(registry, 'intent', 4, { override: 'it must be', by: 'me' });
      expect((await registry.version('intent', CHAMPION)).version).toBe(4);
      expect((await registry.aliasHistory('intent')).at(-1)).toMatchObject({
        version: 4,
        by: 'me',
        reason: 'Gate overridden: it must be',
      });
      expect((await rollback(registry, 'intent')).version).toBe(1);
    });

    it('refuses an alias to a version that is not there', async () => {
      const registry = await create();
      await registry.register({ name: 'intent', modelFolder: await modelFolderForTests() });
      expect(await codeOf(registry.alias('intent', 2, CHAMPION))).toBe(registryErrors.MODEL_VERSION_NOT_FOUND.code);
    });

    it.each(['', '../up', 'a/b', '.hidden', 'x'.repeat(65), 'a b'])('refuses the name %j', async (name) => {
      const registry = await create();
      const modelFolder = await modelFolderForTests();
      expect(await codeOf(registry.register({ name, modelFolder }))).toBe(registryErrors.MODEL_NAME_INVALID.code);
    });

    it('refuses a number as an alias', async () => {
      const registry = await create();
      await registry.register({ name: 'intent', modelFolder: await modelFolderForTests() });
      expect(await codeOf(registry.alias('intent', 1, '2'))).toBe(registryErrors.MODEL_NAME_INVALID.code);
    });

    it('refuses a folder that is missing, empty or holds a link, and registers nothing', async () => {
      const registry = await create();
      const empty = await mkdtemp(join(tmpdir(), 'smallboat-'));
      const linked = await modelFolderForTests();
      await symlink('/etc/passwd', join(linked, 'link'));
      for (const modelFolder of ['/nowhere/at/all', empty, linked]) {
        const code = await codeOf(registry.register({ name: 'intent', modelFolder }));
        expect(code).toBe(registryErrors.MODEL_FOLDER_INVALID.code);
      }
      expect(await registry.versions('intent')).toEqual([]);
    });
  });
}
