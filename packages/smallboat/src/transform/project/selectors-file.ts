import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../kernel/index.ts';
import type { Value } from '../jinja/value.ts';
import type { IndirectSelection, YamlSelector } from '../select/criteria.ts';
import { selectorsOf } from '../select/criteria.ts';
import { renderYaml } from './render-yaml.ts';
import { readYaml } from './yaml-file.ts';

/** The selectors of selectors.yml; none if there is no such file. */
export async function readSelectors(
  folder: string,
  names: (name: string) => Value | undefined,
  indirect: IndirectSelection,
): Promise<ReadonlyMap<string, YamlSelector>> {
  const path = join(folder, 'selectors.yml');
  try {
    await stat(path);
  } catch (error) {
    if (isMissing(error)) return new Map();
    throw error;
  }
  const { data } = await readYaml(path, 'selectors.yml');
  return selectorsOf(await renderYaml(data, { file: 'selectors.yml', names }), indirect);
}
