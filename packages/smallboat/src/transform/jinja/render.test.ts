import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { jinjaErrors } from './errors.ts';
import { JINJA_GLOBALS } from './globals.ts';
import { parseTemplate } from './parse.ts';
import { modulesAt } from './modules.ts';
import { MacroReturn, render, renderNative } from './run.ts';
import type { Value } from './value.ts';
import { Fn, PyError, str } from './value.ts';

/** Templates and what Python's Jinja makes of them: the interop tests hold the file to that. */
const cases = z
  .object({
    rendered: z.array(z.object({ name: z.string(), template: z.string(), expected: z.string() })),
    failing: z.array(z.object({ name: z.string(), template: z.string() })),
  })
  .parse(JSON.parse(readFileSync(new URL('./cases.json', import.meta.url), 'utf8')));

async function rendered(text: string, names: Readonly<Record<string, Value>> = {}): Promise<string> {
  const globals = (name: string): Value | undefined => names[name] ?? JINJA_GLOBALS[name];
  return render(parseTemplate({ file: 'models/a.sql', text }), { globals });
}

describe('renders as Python does', () => {
  it.each(cases.rendered)('$name', async ({ template, expected }) => {
    expect(await rendered(template)).toBe(expected);
  });
});

describe('fails where Python does', () => {
  it.each(cases.failing)('$name', async ({ template }) => {
    const error: unknown = await rendered(template).catch((e: unknown) => e);
    expect(jinjaErrors.TEMPLATE_SYNTAX.is(error) || jinjaErrors.TEMPLATE_FAILED.is(error)).toBe(true);
  });
});

it('says where a template is wrong', async () => {
  await expect(rendered('select 1\nfrom {{ ref("a" }}\n')).rejects.toMatchObject({
    code: 'TEMPLATE_SYNTAX',
    facts: { file: 'models/a.sql', line: 2, column: 17 },
    message: expect.stringContaining('2 | from {{ ref("a" }}\n                    ^'),
  });
});

it('says where it failed, and who called the macro', async () => {
  const text = "{% macro one(x) %}\n  {{ x.upper() + 1 }}\n{% endmacro %}\nselect {{ one('a') }}";
  await expect(rendered(text)).rejects.toMatchObject({
    code: 'TEMPLATE_FAILED',
    facts: { line: 2, calledFrom: ['models/a.sql:4'] },
    message: expect.stringContaining("unsupported operand type(s) for +: 'str' and 'int'"),
  });
});

it('awaits what it calls', async () => {
  const ask = new Fn('ask', () => Promise.resolve(['a', 'b']));
  expect(await rendered('{% for x in ask() %}{{ x }}{% endfor %}', { ask })).toBe('ab');
});

it('gives the value of return instead of the text of its macro', async () => {
  const give = new Fn('return', ({ positional: [value = null] }) => {
    throw new MacroReturn(value);
  });
  const text = '{% macro m() %}text{{ return([1, 2]) }}{% endmacro %}{{ m() | length }}';
  expect(await rendered(text, { return: give })).toBe('2');
});

it('keeps the type of a template that is one expression', async () => {
  const options = { globals: () => undefined };
  expect(await renderNative(parseTemplate({ file: 'x', text: '{{ [1, 2] }}' }), options)).toEqual([1, 2]);
  expect(await renderNative(parseTemplate({ file: 'x', text: 'a{{ 1 }}' }), options)).toBe('a1');
});

it('lets what is not defined pass while a project is read', async () => {
  const template = parseTemplate({ file: 'x', text: '[{{ nobody.at.all(1)[2] ~ "" }}]' });
  expect(await render(template, { globals: () => undefined, isLenient: true })).toBe('[]');
});

it('puts the place into an error that a function throws', async () => {
  const boom = new Fn('boom', ({ positional: [text = ''] }) => {
    throw new PyError(str(text));
  });
  await expect(rendered("a\n  {{ boom('no such column') }}", { boom })).rejects.toMatchObject({
    facts: { line: 2, column: 6, problem: 'no such column' },
  });
});

describe("gives templates Python's modules", () => {
  it.each([
    ["re.sub('[^a-z0-9\\_\\-]+', '_', \"it's a-b\")", 'it_s_a-b'],
    ["re.sub('(?i)(FROM)\\s+(\\w+)', '\\\\2 \\\\g<1>', 'from t')", 't from'],
    ["re.sub('{{|}}', '', '{' ~ '{ a }' ~ '}')", ' a '],
    ["re.match('(?P<a>\\w+)-(\\d+)', 'abc-12').groupdict()", "{'a': 'abc'}"],
    ["re.compile('b+', re.IGNORECASE).search('aBB').span()", '(1, 3)'],
    ["re.split('(,)', 'a,b,c', 1)", "['a', ',', 'b,c']"],
    ["re.findall('[]x[]', 'a]x[')", "[']', 'x', '[']"],
    ["re.search('b$', 'ab\n') is none", 'False'],
    ["re.match('a.b', 'a\nb') is none", 'True'],
    ["re.escape('a.b+c d')", 'a\\.b\\+c\\ d'],
    ['datetime.date(2024, 12, 30).isocalendar()', 'datetime.IsoCalendarDate(year=2025, week=1, weekday=1)'],
    ['datetime.date(2024, 12, 30).isocalendar()[1]', '1'],
    ["pytz.timezone('America/New_York').localize(datetime.datetime(2024, 7, 2)).strftime('%Z %z')", 'EDT -0400'],
    ["pytz.timezone('Europe/Paris').localize(datetime.datetime(2024, 1, 2)).tzname()", 'CET'],
  ])('%s', async (expression, expected) => {
    const modules = modulesAt(() => new Date(0));
    const names = Object.fromEntries(
      ['re', 'datetime', 'pytz'].map((name): [string, Value] => [name, modules.attribute(name) ?? null]),
    );
    expect(await rendered(`{{ ${expression} }}`, names)).toBe(expected);
  });

  it.each([
    ["datetime.date('2024', 2, 3)", "'str' object cannot be interpreted as an integer"],
    ['datetime.date(2024, 2)', "missing required argument 'day'"],
    ['datetime.datetime(2024, 13, 1)', 'month must be in 1..12'],
    ['datetime.date(2023, 2, 29)', 'day is out of range for month'],
  ])('%s fails', async (expression, problem) => {
    const names = { datetime: modulesAt(() => new Date(0)).attribute('datetime') ?? null };
    await expect(rendered(`{{ ${expression} }}`, names)).rejects.toThrow(problem);
  });
});
