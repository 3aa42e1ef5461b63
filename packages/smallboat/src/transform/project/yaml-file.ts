import { readFile } from 'node:fs/promises';
import { LineCounter, isNode, parseDocument, visit } from 'yaml';
import type { Document, ScalarTag, Tags } from 'yaml';
import type * as z from 'zod';
import { WholeFloat } from '../jinja/json.ts';
import { projectErrors } from './errors.ts';

/** A YAML file of a project, and where in it things stand. */
export interface YamlFile {
  /** Relative to the project, for messages. */
  readonly file: string;
  readonly data: unknown;
  /** The line, from 1, of what is at this path; that of what is around it where there is nothing. */
  lineOf(path: readonly PropertyKey[]): number;
}

export interface YamlOptions {
  /** Gives `5.0` as a `WholeFloat`, for what ends in a template or in a hash. */
  readonly keepsFloats?: boolean;
}

/** @throws `PROJECT_UNREADABLE` with the line. */
export async function readYaml(path: string, file: string, options: YamlOptions = {}): Promise<YamlFile> {
  return parseYaml(asRead(await readFile(path, 'utf8')), file, options);
}

/** The text of a file as dbt reads it: without the space before and after it. Lines keep their numbers. */
export function asRead(text: string): string {
  return text.trimEnd().replace(/^\s+/, (space) => space.replace(/[^\n]/g, ''));
}

const BOOL: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:yes|true|on)$/i.test(text),
  stringify: ({ value }) => String(value),
};

function numberOfFloat(text: string): number {
  if (/nan$/i.test(text)) return Number.NaN;
  if (/inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return Number(text.replaceAll('_', ''));
}

const FLOAT: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  resolve: numberOfFloat,
  stringify: ({ value }) => String(value),
};

const EXACT_FLOAT: ScalarTag = {
  ...FLOAT,
  resolve: (text) => {
    const number = numberOfFloat(text);
    return Number.isInteger(number) ? new WholeFloat(number) : number;
  },
};

/** What PyYAML makes of plain scalars: YAML 1.1 without `y` and `n`, `1e3` as text, dates as text. */
const asPyYaml =
  (float: ScalarTag) =>
  (tags: Tags): Tags => {
    const names = new Set(['tag:yaml.org,2002:bool', 'tag:yaml.org,2002:float', 'tag:yaml.org,2002:timestamp']);
    const kept = tags.filter((tag) => typeof tag === 'string' || !names.has(tag.tag));
    return [...kept, BOOL, float];
  };

/** Reads a text of YAML as PyYAML does, since dbt's projects are written for that. @throws `PROJECT_UNREADABLE`. */
export function parseYaml(text: string, file: string, { keepsFloats = false }: YamlOptions = {}): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    version: '1.1',
    uniqueKeys: false,
    customTags: asPyYaml(keepsFloats ? EXACT_FLOAT : FLOAT),
  });
  const [error] = document.errors;
  if (error) {
    const problem = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    const { line, col } = lines.linePos(error.pos[0]);
    throw projectErrors.PROJECT_UNREADABLE({ file, line, problem: `${problem} (column ${col})` }, { cause: error });
  }
  if (!text.endsWith('\n')) endWithoutBreak(document, text.length);
  return {
    file,
    data: document.toJS({ maxAliasCount: 10_000 }),
    lineOf(place) {
      for (let length = place.length; length > 0; length -= 1) {
        const node: unknown = document.getIn(place.slice(0, length), true);
        if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
      }
      return 1;
    },
  };
}

/** A block of text (`|`, `>`) that a file ends with has a last line break where the file has one; `yaml` adds one. */
function endWithoutBreak(document: Document.Parsed, end: number): void {
  visit(document, {
    Scalar(_key, node) {
      const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
      if (isBlock && typeof node.value === 'string' && node.range && node.range[1] >= end)
        node.value = node.value.replace(/\n$/, '');
    },
  });
}

/** The data of a file in the shape of a schema. @throws `PROJECT_UNREADABLE` with the first thing that is wrong. */
export function shaped<S extends z.ZodType>(yaml: YamlFile, schema: S): z.infer<S> {
  const parsed = schema.safeParse(yaml.data ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  const problem = `${path.map(String).join('.') || 'the file'}: ${issue?.message ?? 'not what is expected'}`;
  throw projectErrors.PROJECT_UNREADABLE(
    { file: yaml.file, line: yaml.lineOf(path), problem },
    { cause: parsed.error },
  );
}
