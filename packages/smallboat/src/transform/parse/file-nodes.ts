import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from '../jinja/blocks.ts';
import { parseTemplate } from '../jinja/parse.ts';
import type { SqlNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import type { TextFile } from '../project/package-files.ts';
import type { DbtPackage } from '../project/package.ts';
import { recordOf, textOf } from '../project/plain.ts';
import type { Parsing } from './parsing.ts';
import { checksumOf, fqnOf, nameOfFile } from './parsing.ts';
import type { Patches } from './patches.ts';
import { readSqlNode } from './sql-node.ts';

/** Reads the nodes that are files of their own: models, analyses, singular tests, seeds, snapshots, functions, and hooks. */
export async function readFileNodes(parsing: Parsing, pkg: DbtPackage, patches: Patches): Promise<void> {
  await readModels(parsing, pkg, patches);
  await readSnapshotFiles(parsing, pkg, patches);
  for (const kind of wholeFilesOf(pkg)) await readWholeFiles(parsing, pkg, patches, kind);
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
      checksum: checksumOf(readFileSync(join(pkg.folder, file), 'utf8')),
      patch: patch?.config ?? config,
    });
    patch?.apply(node);
    add(parsing, node, parsing.manifest.nodes.get(node.unique_id));
  }
}

/** A kind of node of which each is a file: where its files are, and what it has of its own. */
interface WholeFiles {
  readonly kind: 'analysis' | 'test' | 'seed' | 'function';
  readonly section: 'analyses' | 'data_tests' | 'seeds' | 'functions';
  readonly files: readonly TextFile[];
  /** Where the node is said to be. Default the file's own path. */
  readonly pathOf?: (path: string) => string;
  readonly checksumOf?: (file: string) => SqlNode['checksum'];
  readonly languageOf?: (path: string) => string;
}

/** Analyses, singular tests, seeds and functions: a file, a node. */
async function readWholeFiles(
  parsing: Parsing,
  pkg: DbtPackage,
  patches: Patches,
  { kind, section, files, ...of }: WholeFiles,
): Promise<void> {
  for (const { file, text, ...one } of files) {
    const name = nameOfFile(one.path);
    const path = of.pathOf?.(one.path) ?? one.path;
    const patch = patches.take(section, pkg.name, name);
    const node = await readSqlNode(parsing, {
      pkg,
      kind,
      name,
      uniqueId: `${kind}.${pkg.name}.${name}`,
      path,
      file,
      rawCode: text.trim(),
      fqn: fqnOf(pkg, path, name),
      checksum: of.checksumOf?.(file) ?? checksumOf(text),
      ...(of.languageOf ? { language: of.languageOf(one.path) } : {}),
      ...(patch ? { patch: patch.config } : {}),
    });
    patch?.apply(node);
    if (node.language !== undefined && node.language !== 'sql' && node.config['enabled'] !== false)
      throw projectErrors.PYTHON_MODEL({ file, name });
    add(parsing, node, parsing.manifest.nodes.get(node.unique_id));
  }
}

/** Seeds above this size are not hashed: dbt's limit. */
const LARGE_SEED = 1_048_576;

function seedChecksum(pkg: DbtPackage, file: string): SqlNode['checksum'] {
  const full = join(pkg.folder, file);
  const isLarge = statSync(full).size > LARGE_SEED;
  return isLarge ? { name: 'path', checksum: file } : checksumOf(readFileSync(full, 'utf8'));
}

function wholeFilesOf(pkg: DbtPackage): readonly WholeFiles[] {
  const { analyses, tests, seeds, functions } = pkg.files;
  const languageOf = (path: string): string =>
    path.endsWith('.py') ? 'python' : path.endsWith('.js') ? 'javascript' : 'sql';
  return [
    { kind: 'analysis', section: 'analyses', files: analyses, pathOf: (path) => `analysis/${path}` },
    { kind: 'test', section: 'data_tests', files: tests },
    // The text of a seed is no template, and is not read here.
    { kind: 'seed', section: 'seeds', files: seeds, checksumOf: (file) => seedChecksum(pkg, file) },
    { kind: 'function', section: 'functions', files: functions, languageOf },
  ];
}

/** `on-run-start` and `on-run-end` of dbt_project.yml. */
async function readRunHooks(parsing: Parsing, pkg: DbtPackage): Promise<void> {
  const kinds = [
    ['on-run-start', pkg.project.onRunStart],
    ['on-run-end', pkg.project.onRunEnd],
  ] as const;
  if (kinds.every(([, hooks]) => hooks.length === 0)) return;
  // As dbt: a hook is as old as the file that it stands in.
  const ofProject = checksumOf(readFileSync(join(pkg.folder, 'dbt_project.yml'), 'utf8'));
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
        checksum: ofProject,
        tags: [kind],
      });
      node.index = i;
      parsing.manifest.add(node);
    }
  }
}
