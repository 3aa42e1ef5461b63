import { Validator } from '@cfworker/json-schema';
import * as z from 'zod';
import { quoteName } from '../../warehouse/index.ts';
import { familyOf } from '../dialect/type-family.ts';
import type { ExpectationKind, TableFacts } from '../kind.ts';
import { defineExpectation, kindErrors } from '../kind.ts';
import { parsePythonJson } from '../suite/python-json.ts';
import { readTime } from '../time/read-time.ts';
import { timeFormat } from './strptime.ts';
import { column, unlessSql } from './values.ts';
import { mostlyInWords } from './words.ts';

/** A column of texts. Throws `EXPECTATION_UNFIT` for any other. */
function textColumn(column: string, table: TableFacts): string {
  const { name, type } = table.column(column);
  if (familyOf(type) === 'text' || familyOf(type) === 'other') return name;
  throw kindErrors.EXPECTATION_UNFIT({ problem: `Values must be of type string: ${name} is a ${type}.` });
}

function isJson(text: string): boolean {
  try {
    parsePythonJson(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const ISO =
  '^[12]\\d\\d\\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])(?:[T ](?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,6})?)?)?$';

/** Expectations that texts can be read as something: a time, JSON, JSON of a schema. */
export const FORM_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_values_to_match_strftime_format',
    kwargs: { column, strftime_format: z.string().min(1) },
    plan({ column, strftime_format }, table) {
      const { accepts, surely } = timeFormat(strftime_format);
      const name = textColumn(column, table);
      return { kind: 'values', column: name, accepts, surely: table.sql.matches(quoteName(name), surely) };
    },
    sentence: ({ column, strftime_format, mostly }) =>
      `${column} has the form ${strftime_format}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_dateutil_parseable',
    kwargs: { column },
    plan({ column }, table) {
      const name = textColumn(column, table);
      return {
        kind: 'values',
        column: name,
        accepts: (value) => readTime(value, table.now) !== undefined,
        surely: table.sql.matches(quoteName(name), ISO),
      };
    },
    sentence: ({ column, mostly }) => `${column} can be read as a date${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_json_parseable',
    kwargs: { column },
    plan({ column }, table) {
      const { name, type } = table.column(column);
      // Only texts can be parsed: a number is no JSON, though its text would be.
      if (!['text', 'other'].includes(familyOf(type))) return unlessSql(name, 'false');
      const condition = table.sql.isJson(quoteName(name));
      return condition === undefined ? { kind: 'values', column: name, accepts: isJson } : unlessSql(name, condition);
    },
    sentence: ({ column, mostly }) => `${column} is JSON${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_match_json_schema',
    kwargs: { column, json_schema: z.record(z.string(), z.unknown()) },
    plan({ column, json_schema }, table) {
      const validator = new Validator(json_schema, '2020-12', true);
      return {
        kind: 'values',
        column: table.column(column).name,
        // What is no JSON at all matches no schema.
        accepts: (value) => isJson(value) && validator.validate(parsePythonJson(value)).valid,
      };
    },
    sentence: ({ column, mostly }) => `${column} is JSON of the given schema${mostlyInWords(mostly)}`,
  }),
];
