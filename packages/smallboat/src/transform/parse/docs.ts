import { blocksOf } from '../jinja/blocks.ts';
import { parseTemplate } from '../jinja/parse.ts';
import { render } from '../jinja/run.ts';
import type { Value } from '../jinja/value.ts';
import { Fn, PyError, str } from '../jinja/value.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { DbtPackage } from '../project/package.ts';
import { hasTemplate } from '../project/render-yaml.ts';
import type { Parsing } from './parsing.ts';
import { parseContext } from './parsing.ts';

/** Reads the blocks `{% docs name %}` of a package. */
export function readDocs(manifest: Manifest, pkg: DbtPackage): void {
  for (const { file, path, text } of pkg.files.docs) {
    for (const block of blocksOf({ file, text })) {
      if (block.kind !== 'docs') continue;
      const id = `doc.${pkg.name}.${block.name}`;
      manifest.docs.set(id, {
        name: block.name,
        resource_type: 'doc',
        package_name: pkg.name,
        path,
        original_file_path: file,
        unique_id: id,
        block_contents: text.slice(block.bodyStart, block.bodyEnd).trim(),
      });
    }
  }
}

/** dbt's own first page of the documentation of a project that has none: a block that every manifest has. */
export function addOverview(manifest: Manifest): void {
  manifest.docs.set('doc.dbt.__overview__', {
    name: '__overview__',
    resource_type: 'doc',
    package_name: 'dbt',
    path: 'overview.md',
    original_file_path: 'docs/overview.md',
    unique_id: 'doc.dbt.__overview__',
    block_contents:
      '# What is in this project\n\nEach table has a page: its columns, its tests, its SQL, what it reads and what reads it. ' +
      'Write a block `__overview__` in a Markdown file of the project to say more here.',
  });
}

interface Described {
  description: string;
  doc_blocks?: readonly string[];
}

/** Puts blocks of documentation into the descriptions of all nodes. */
export async function renderDescriptions(parsing: Parsing): Promise<void> {
  const { manifest, invocation } = parsing;
  for (const node of manifest.all()) {
    await describe(parsing, node, node.package_name, node.original_file_path);
    if (node.resource_type === 'source') {
      const holder = { description: node.source_description };
      await describe(parsing, holder, node.package_name, node.original_file_path);
      node.source_description = holder.description;
    }
    const columns = 'columns' in node ? (node.columns as Record<string, Described>) : {}; // of SQL nodes and sources
    for (const column of Object.values(columns)) {
      await describe(parsing, column, node.package_name, node.original_file_path);
    }
  }
  for (const { info } of invocation.registry.all()) {
    if (info.description !== '') await describe(parsing, info, info.package_name, info.original_file_path);
  }
}

async function describe(parsing: Parsing, holder: Described, packageName: string, file: string): Promise<void> {
  const text = holder.description;
  if (typeof text !== 'string' || !hasTemplate(text)) return;
  const { manifest } = parsing;
  const used: string[] = [];
  const doc = new Fn('doc', ({ positional }) => {
    const [first = '', second] = positional.map(str);
    const found = manifest.resolveDoc(second ?? first, second === undefined ? null : first, {
      package_name: packageName,
    });
    if (!found) throw new PyError(`there is no block of documentation named '${second ?? first}'`);
    used.push(found.unique_id);
    return found.block_contents;
  });
  const { context } = parseContext(parsing, {
    unique_id: packageName,
    name: packageName,
    package_name: packageName,
    original_file_path: file,
  });
  const globals = (name: string): Value | undefined => (name === 'doc' ? doc : context.global(name));
  holder.description = await render(parseTemplate({ file, text }), { globals, isLenient: true });
  if (holder.doc_blocks) holder.doc_blocks = used;
}
