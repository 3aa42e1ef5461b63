import { parseTemplate } from '../jinja/parse.ts';
import { fromPlain } from '../jinja/json.ts';
import { render, renderNative } from '../jinja/run.ts';
import type { RenderOptions } from '../jinja/run.ts';
import type { Value } from '../jinja/value.ts';
import { Dict } from '../jinja/value.ts';
import type { Test } from '../project/project.ts';

const CALLS = /^\s*(env_var|ref|var|source|doc)\s*\([^]+\)\s*$/;

/**
 * The SQL of a test. What YAML gives a generic test is rendered first, as dbt does: `ref('x')` as text is a call, a
 * template gives a value of its own type, the column is text.
 */
export async function renderTest(test: Test, options: RenderOptions): Promise<string> {
  if (!test.generic) return render(test.template, options);
  const { generic } = test;
  const native = (text: string): Promise<Value> => renderNative(parseTemplate({ file: test.file, text }), options);
  const value = async (data: unknown): Promise<Value> => {
    if (typeof data === 'string') return native(CALLS.test(data) ? `{{ ${data} }}` : data);
    if (Array.isArray(data)) return Promise.all(data.map(value));
    return fromPlain(data);
  };
  const given = new Dict();
  for (const [key, data] of Object.entries(generic.arguments)) given.set(key, await value(data));
  if (generic.column !== undefined) given.set('column_name', generic.column);
  given.set('model', await native(generic.model));
  const globals = (name: string): Value | undefined =>
    name === '_dbt_generic_test_kwargs' ? given : options.globals(name);
  return render(test.template, { ...options, globals });
}
