import type { ExposureNode, GroupNode } from '../manifest/node.ts';
import { parseTemplate } from '../jinja/parse.ts';
import { render } from '../jinja/run.ts';
import { projectErrors } from '../project/errors.ts';
import { listOf, recordOf, textOf, textOrNull, textsOf } from '../project/plain.ts';
import { configOf } from './config.ts';
import type { Entry } from './properties.ts';
import type { Parsing } from './parsing.ts';
import { fqnOf, parseContext } from './parsing.ts';

/** Reads groups, exposures, and what is said of macros. */
export async function readOtherNodes(parsing: Parsing, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) {
    if (entry.section === 'groups') readGroup(parsing, entry);
    else if (entry.section === 'exposures') await readExposure(parsing, entry);
    else if (entry.section === 'macros') patchMacro(parsing, entry);
  }
}

function readGroup({ manifest, invocation }: Parsing, { pkg, name, data, path, file }: Entry): void {
  const id = `group.${pkg.name}.${name}`;
  const config = configOf({
    kind: 'group',
    fqn: fqnOf(pkg, path, name),
    own: pkg.project,
    root: invocation.root.project,
    inFile: recordOf(data['config']),
  });
  const group: GroupNode = {
    name,
    resource_type: 'group',
    package_name: pkg.name,
    path,
    original_file_path: file,
    unique_id: id,
    owner: { email: null, name: null, ...recordOf(data['owner']) },
    description: textOrNull(data['description']),
    config,
  };
  manifest.groups.set(id, group);
}

async function readExposure(parsing: Parsing, entry: Entry): Promise<void> {
  const { invocation, manifest, now } = parsing;
  const { pkg, name, data, path, file } = entry;
  const fqn = fqnOf(pkg, path, name);
  const inFile = {
    ...recordOf(data['config']),
    ...(data['enabled'] === undefined ? {} : { enabled: data['enabled'] }),
  };
  const config = configOf({ kind: 'exposure', fqn, own: pkg.project, root: invocation.root.project, inFile });
  const { context, noted } = parseContext(parsing, {
    unique_id: `exposure.${pkg.name}.${name}`,
    name,
    package_name: pkg.name,
    original_file_path: file,
  });
  for (const given of listOf(data['depends_on'])) {
    const text = textOf(given) ?? '';
    await render(parseTemplate({ file, text: text.includes('{{') ? text : `{{ ${text} }}` }), context.options);
  }
  const tags = [...new Set([...textsOf(data['tags']), ...textsOf(config['tags'])])];
  const meta = { ...recordOf(data['meta']), ...recordOf(config['meta']) };
  const node: ExposureNode = {
    name,
    resource_type: 'exposure',
    package_name: pkg.name,
    path,
    original_file_path: file,
    unique_id: `exposure.${pkg.name}.${name}`,
    fqn,
    type: textOf(data['type']) ?? '',
    owner: { email: null, name: null, ...recordOf(data['owner']) },
    description: textOf(data['description']) ?? '',
    label: textOrNull(data['label']),
    maturity: textOrNull(data['maturity']),
    meta,
    tags,
    config: { ...config, tags, meta },
    unrendered_config: inFile,
    url: textOrNull(data['url']),
    depends_on: { macros: [], nodes: [] },
    refs: noted.refs,
    sources: noted.sources,
    metrics: noted.metrics,
    created_at: now,
  };
  if (config['enabled'] === false) manifest.addDisabled(node);
  else if (manifest.exposures.has(node.unique_id)) {
    throw projectErrors.NODE_DUPLICATE({ kind: 'exposure', name, files: [file] });
  } else manifest.exposures.set(node.unique_id, node);
}

function patchMacro({ invocation, warn }: Parsing, entry: Entry): void {
  const { pkg, name, data, file } = entry;
  const { registry } = invocation;
  const macro = registry.inNamespace(pkg.name, name) ?? registry.inNamespace(pkg.name, `test_${name}`);
  if (!macro) {
    warn(`${file}:${entry.lineOf([])}: there is no macro '${name}' for this entry`);
    return;
  }
  const { info } = macro;
  const config = recordOf(data['config']);
  info.description = textOf(data['description']) ?? '';
  info.meta = { ...recordOf(data['meta']), ...recordOf(config['meta']) };
  info.docs = { show: true, node_color: null, ...recordOf(data['docs']), ...recordOf(config['docs']) };
  info.config = { ...config, meta: info.meta, docs: info.docs };
  info.patch_path = `${pkg.name}://${file}`;
  info.arguments = listOf(data['arguments']).map((one) => {
    const argument = recordOf(one);
    return {
      name: textOf(argument['name']) ?? '',
      type: textOrNull(argument['type']),
      description: textOf(argument['description']) ?? '',
    };
  });
}
