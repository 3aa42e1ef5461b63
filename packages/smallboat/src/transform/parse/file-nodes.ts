import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from '../jinja/blocks.ts';
import { parseTemplate } from '../jinja/parse.ts';
import type { SqlNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import type { DbtPackage } from '../project/package.ts';
import { recordOf, textOf } from '../project/plain.ts';
import type { Parsing } from './parsing.ts';
import { checksumOf, fqnOf, nameOfFile, sha256Of } from './parsing.ts';
import type { Patches } from './patches.ts';
import { readSqlNode } from './sql-node.ts';

/** Reads the nodes that are files of their own: models, analyses, singular tests, seeds, snapshots, functions, and hooks. */
export async function readFileNodes(parsing: Parsing, pkg: DbtPackage, patches: Patches): Promise<void> {
  await readModels(parsing, pkg, patches);
  await readSnapshotFiles(parsing, pkg, patches);
  await readAnalyses(parsing, pkg, patches);
  await readSingularTests(parsing, pkg, patches);
  await readSeeds(parsing, pkg, patches);
  await readFunctions(parsing, pkg, patches);
  await readRunHooks(parsing, pkg);
}

async function readModels(parsing: Parsing, pkg: DbtPackage, patches: Patches): Promise<void> {
  const { manifest } = parsing;
  for (const { file, path, text } of pkg.files.models) {
    const fileName = nameOfFile(path);
    const version = patches.versionOf(pkg.name, fileName);
    const name = version?.model ?? fileName;
    const patch = patches.take('models', pkg.name, fileName) ?? version?.patch;
    const fqn = version ? [...fqnOf(pkg, path, name), `v${version.v}`] : fqnOf(pkg, path, name);
    const node = await readSqlNode(parsing, {
      pkg,
      kind: 'model',
      name,
      uniqueId: version ? `model.${pkg.name}.${name}.v${version.v}` : `model.${pkg.name}.${name}`,
      path,
      file,
      rawCode: text.trim(),
      fqn,
      checksum: checksumOf(text),
      ...(patch ? { patch: patch.config } : {}),
      ...(version ? { version: version.v } : {}),
    });
    patch?.apply(node);
    add(parsing, node, manifest.nodes.get(node.unique_id));
  }
  for (const { file, path } of pkg.files.pythonModels) await readPythonModel(parsing, pkg, patches, { file, path });
}

/** Python models are refused, unless they are disabled: a project may keep them beside. */
async function readPythonModel(
  parsing: Parsing,
  pkg: DbtPackage,
  patches: Patches,
  { file, path }: { readonly file: string; readonly path: string },
): Promise<void> {
  const name = nameOfFile(path);
  const patch = patches.take('models', pkg.name, name);
  const rawCode = readFileSync(join(pkg.folder, file), 'utf8');
  const node = await readSqlNode(parsing, {
    pkg,
    kind: 'model',
    name,
    uniqueId: `model.${pkg.name}.${name}`,
    path,
    file,
    rawCode,
    fqn: fqnOf(pkg, path, name),
    checksum: checksumOf(rawCode),
    language: 'python',
    ...(patch ? { patch: { materialized: 'table', ...patch.config } } : { patch: { materialized: 'table' } }),
  });
  if (node.config['enabled'] !== false) throw projectErrors.PYTHON_MODEL({ file, name });
  patch?.apply(node);
  parsing.manifest.add(node);
}

function add({ manifest }: Parsing, node: SqlNode, other: SqlNode | undefined): void {
  if (other && node.config['enabled'] !== false) {
    throw projectErrors.NODE_DUPLICATE({
      kind: node.resource_type,
      name: node.name,
      files: [other.original_file_path, node.original_file_path],
    });
  }
  manifest.add(node);
}

async function readSnapshotFiles(parsing: Parsing, pkg: DbtPackage, patches: Patches): Promise<void> {
  for (const { file, path, text } of pkg.files.snapshots) {
    const source = { file, text };
    for (const block of blocksOf(source)) {
      if (block.kind !== 'snapshot') continue;
      const { name } = block;
      const patch = patches.take('snapshots', pkg.name, name);
      const node = await readSqlNode(parsing, {
        pkg,
        kind: 'snapshot',
        name,
        uniqueId: `snapshot.${pkg.name}.${name}`,
        path,
        file,
        rawCode: text.slice(block.bodyStart, block.bodyEnd),
        fqn: [...fqnOf(pkg, path, nameOfFile(path)), name],
        checksum: checksumOf(text),
        template: parseTemplate(source, { start: block.bodyStart, end: block.bodyEnd }),
        ...(patch ? { patch: patch.config } : {}),
      });
      patch?.apply(node);
      add(parsing, node, parsing.manifest.nodes.get(node.unique_id));
    }
  }
}

/** Snapshots that are written in YAML alone: `relation: ref('x')`. */
export async function readYamlSnapshots(parsing: Parsing, patches: Patches): Promise<void> {
  for (const entry of patches.yamlSnapshots()) {
    const { pkg, file, path, name, data } = entry;
    const relation = textOf(data['relation']) ?? '';
    const rawCode = `select * from {{ ${relation} }}`;
    const config = { ...recordOf(data['config']) };
    const patch = patches.take('snapshots', pkg.name, name);
    const node = await readSqlNode(parsing, {
      pkg,
      kind: 'snapshot',
      name,
      uniqueId: `snapshot.${pkg.name}.${name}`,
      path: `${path}/${name}.sql`,
      file,
      rawCode,
      fqn: fqnOf(pkg, path, name),
      checksum: { name: 'sha256', checksum: sha256Of(rawCode) },
      patch: patch?.config ?? config,
    });
    patch?.apply(node);
    add(parsing, node, parsing.manifest.nodes.get(node.unique_id));
  }
}

async function readAnalyses(parsing: Parsing, pkg: DbtPackage, patches: Patches): Promise<void> {
  for (const { file, path, text } of pkg.files.analyses) {
    const name = nameOfFile(path);
    const patch = patches.take('analyses', pkg.name, name);
    const node = await readSqlNode(parsing, {
      pkg,
      kind: 'analysis',
      name,
      uniqueId: `analysis.${pkg.name}.${name}`,
      path: `analysis/${path}`,
      file,
      rawCode: text.trim(),
      fqn: fqnOf(pkg, `analysis/${path}`, name),
      checksum: checksumOf(text),
      ...(patch ? { patch: patch.config } : {}),
    });
    patch?.apply(node);
    parsing.manifest.add(node);
  }
}

async function readSingularTests(parsing: Parsing, pkg: DbtPackage, patches: Patches): Promise<void> {
  for (const { file, path, text } of pkg.files.tests) {
    const name = nameOfFile(path);
    const patch = patches.take('data_tests', pkg.name, name);
    const node = await readSqlNode(parsing, {
      pkg,
      kind: 'test',
      name,
      uniqueId: `test.${pkg.name}.${name}`,
      path,
      file,
      rawCode: text.trim(),
      fqn: fqnOf(pkg, path, name),
      checksum: checksumOf(text),
      ...(patch ? { patch: patch.config } : {}),
    });
    patch?.apply(node);
    parsing.manifest.add(node);
  }
}

/** Seeds above this size are not hashed: dbt's limit. */
const LARGE_SEED = 1_048_576;

async function readSeeds(parsing: Parsing, pkg: DbtPackage, patches: Patches): Promise<void> {
  for (const { file, path } of pkg.files.seeds) {
    const name = nameOfFile(path);
    const patch = patches.take('seeds', pkg.name, name);
    const full = join(pkg.folder, file);
    const isLarge = statSync(full).size > LARGE_SEED;
    const node = await readSqlNode(parsing, {
      pkg,
      kind: 'seed',
      name,
      uniqueId: `seed.${pkg.name}.${name}`,
      path,
      file,
      rawCode: '',
      fqn: fqnOf(pkg, path, name),
      checksum: isLarge ? { name: 'path', checksum: file } : checksumOf(readFileSync(full, 'utf8')),
      ...(patch ? { patch: patch.config } : {}),
    });
    patch?.apply(node);
    add(parsing, node, parsing.manifest.nodes.get(node.unique_id));
  }
}

async function readFunctions(parsing: Parsing, pkg: DbtPackage, patches: Patches): Promise<void> {
  for (const { file, path, text } of pkg.files.functions) {
    const name = nameOfFile(path);
    const patch = patches.take('functions', pkg.name, name);
    const node = await readSqlNode(parsing, {
      pkg,
      kind: 'function',
      name,
      uniqueId: `function.${pkg.name}.${name}`,
      path,
      file,
      rawCode: text.trim(),
      fqn: fqnOf(pkg, path, name),
      checksum: checksumOf(text),
      language: path.endsWith('.py') ? 'python' : path.endsWith('.js') ? 'javascript' : 'sql',
      ...(patch ? { patch: patch.config } : {}),
    });
    patch?.apply(node);
    if (node.language !== 'sql' && node.config['enabled'] !== false) {
      throw projectErrors.PYTHON_MODEL({ file, name });
    }
    parsing.manifest.add(node);
  }
}

/** `on-run-start` and `on-run-end` of dbt_project.yml. */
async function readRunHooks(parsing: Parsing, pkg: DbtPackage): Promise<void> {
  const kinds = [
    ['on-run-start', pkg.project.onRunStart],
    ['on-run-end', pkg.project.onRunEnd],
  ] as const;
  for (const [kind, hooks] of kinds) {
    for (const [i, sql] of hooks.entries()) {
      const name = `${pkg.name}-${kind}-${i}`;
      const node = await readSqlNode(parsing, {
        pkg,
        kind: 'operation',
        name,
        uniqueId: `operation.${pkg.name}.${name}`,
        path: `hooks/${name}.sql`,
        file: './dbt_project.yml',
        rawCode: sql,
        fqn: [pkg.name, 'hooks', name],
        checksum: { name: 'sha256', checksum: sha256Of(sql) },
        tags: [kind],
      });
      node.index = i + 1;
      parsing.manifest.add(node);
    }
  }
}
