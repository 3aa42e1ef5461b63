import { JINJA_GLOBALS } from '../jinja/globals.ts';
import { toPlain } from '../jinja/json.ts';
import { parseTemplate } from '../jinja/parse.ts';
import { renderNative } from '../jinja/run.ts';
import type { Value } from '../jinja/value.ts';
import { isRecord } from './plain.ts';

export interface YamlContext {
  readonly file: string;
  readonly names: Readonly<Record<string, Value>> | ((name: string) => Value | undefined);
  /** Keys whose values stay as they are written: what is rendered later, or never. */
  readonly isLate?: (key: string) => boolean;
}

/** True where a text may hold a template. */
export function hasTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#');
}

/** Renders the templates in the texts of YAML data; one that is a single expression gives a value of its own type. */
export async function renderYaml(data: unknown, context: YamlContext): Promise<unknown> {
  if (typeof data === 'string') {
    if (!hasTemplate(data)) return data;
    const template = parseTemplate({ file: context.file, text: data });
    const { names } = context;
    const own = typeof names === 'function' ? names : (name: string): Value | undefined => names[name];
    return toPlain(await renderNative(template, { globals: (name) => own(name) ?? JINJA_GLOBALS[name] }));
  }
  if (Array.isArray(data)) {
    const items: unknown[] = [];
    for (const item of data) items.push(await renderYaml(item, context));
    return items;
  }
  if (isRecord(data)) {
    const rendered: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(data)) {
      rendered[key] = context.isLate?.(key) ? value : await renderYaml(value, context);
    }
    return rendered;
  }
  return data;
}
