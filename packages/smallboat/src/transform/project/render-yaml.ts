import { JINJA_GLOBALS } from '../jinja/globals.ts';
import { toPlain } from '../jinja/json.ts';
import { parseTemplate } from '../jinja/parse.ts';
import { renderNative } from '../jinja/run.ts';
import type { Value } from '../jinja/value.ts';

export interface YamlContext {
  readonly file: string;
  readonly names: Readonly<Record<string, Value>>;
}

/** Renders the templates in the texts of YAML data; one that is a single expression gives a value of its own type. */
export async function renderYaml(data: unknown, context: YamlContext): Promise<unknown> {
  if (typeof data === 'string') {
    if (!data.includes('{{') && !data.includes('{%')) return data;
    const template = parseTemplate({ file: context.file, text: data });
    const globals = (name: string): Value | undefined => context.names[name] ?? JINJA_GLOBALS[name];
    return toPlain(await renderNative(template, { globals }));
  }
  if (Array.isArray(data)) return Promise.all(data.map((item) => renderYaml(item, context)));
  if (typeof data === 'object' && data !== null) {
    const entries = Object.entries(data).map(async ([key, value]) => [key, await renderYaml(value, context)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }
  return data;
}
