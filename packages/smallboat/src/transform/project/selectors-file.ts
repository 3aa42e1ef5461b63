import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../kernel/index.ts';
import type { Value } from '../jinja/value.ts';
import type { IndirectSelection, YamlSelector } from '../select/criteria.ts';
import { selectorsOf } from '../select/criteria.ts';
import { selectorDocument } from '../select/selector-document.ts';
import { renderYaml } from './render-yaml.ts';
import { readYaml } from './yaml-file.ts';

export interface SelectorsFile {
  readonly selectors: ReadonlyMap<string, YamlSelector>;
  /** As a manifest has them. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** The selectors of selectors.yml; none if there is no such file. */
export async function readSelectors(
  folder: string,
  names: (name: string) => Value | undefined,
  indirect: IndirectSelection,
): Promise<SelectorsFile> {
  const path = join(folder, 'selectors.yml');
  try {
    await stat(path);
  } catch (error) {
    if (isMissing(error)) return { selectors: new Map(), document: {} };
    throw error;
  }
  const { data } = await readYaml(path, 'selectors.yml');
  const rendered = await renderYaml(data, { file: 'selectors.yml', names });
  return { selectors: selectorsOf(rendered, indirect), document: selectorDocument(rendered) };
}
