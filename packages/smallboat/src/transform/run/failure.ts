import { SmallboatError } from '../../kernel/index.ts';
import { warehouseErrors } from '../../warehouse/index.ts';
import type { SourceMap } from '../jinja/run.ts';
import { jinjaErrors } from '../jinja/errors.ts';
import type { SqlNode } from '../manifest/node.ts';

/** What is needed to say where in a node's file an error of the warehouse is. */
export interface FailedNode {
  readonly node: Pick<SqlNode, 'name' | 'resource_type' | 'original_file_path' | 'raw_code' | 'compiled_code'>;
  readonly map: SourceMap | undefined;
  /** The statement that was sent last. */
  readonly statement: string | undefined;
  /** Where the compiled SQL was written. */
  readonly compiledPath: string | undefined;
}

/**
 * An error of a node in words: what the warehouse said, where in the model's file, and the compiled SQL around it.
 * The first line is dbt's.
 */
export function failureText(error: unknown, failed: FailedNode): string {
  const { node } = failed;
  const kind = node.resource_type.replace('_', ' ');
  const about = `in ${kind} ${node.name} (${node.original_file_path})`;
  if (!(error instanceof Error)) return String(error);
  if (jinjaErrors.TEMPLATE_FAILED.is(error) || jinjaErrors.TEMPLATE_SYNTAX.is(error)) {
    // A statement that failed inside of a template is the warehouse's error, not the template's.
    const inner = error.cause;
    if (!warehouseErrors.STATEMENT_FAILED.is(inner)) return `Compilation Error ${about}\n${indented(error.message)}`;
  }
  if (warehouseErrors.STATEMENT_FAILED.is(error)) {
    const { problem } = error.facts;
    return [`Runtime Error ${about}`, indented(withoutExcerpt(problem)), ...excerptOf(problem, failed)].join('\n');
  }
  if (error instanceof SmallboatError) return `${error.code} ${about}\n${indented(error.message)}`;
  return `Runtime Error ${about}\n${indented(error.message)}`;
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

/** What DuckDB says without its own excerpt of the statement. */
function withoutExcerpt(problem: string): string {
  return problem.replace(/\n\s*LINE \d+:[^]*$/, '').trimEnd();
}

/** The lines around the place of the error, in the compiled SQL, and the place in the model's own file. */
function excerptOf(problem: string, { node, map, statement, compiledPath }: FailedNode): string[] {
  const sql = node.compiled_code;
  if (sql === undefined || statement === undefined) return [];
  const at = placeIn(problem, statement);
  const start = statement.indexOf(sql);
  if (at === undefined || start === -1 || at < start || at > start + sql.length) {
    return compiledPath === undefined ? [] : [`  compiled SQL: ${compiledPath}`];
  }
  const offset = at - start;
  const { line, column } = lineOf(sql, offset);
  const lines = sql.split('\n');
  const shown = lines.slice(Math.max(0, line - 3), line + 2).map((text, i) => {
    const number = Math.max(1, line - 2) + i;
    return number === line
      ? [`  > ${pad(number)} | ${text}`, `    ${' '.repeat(4)} | ${' '.repeat(column - 1)}^`]
      : [`    ${pad(number)} | ${text}`];
  });
  const own = sourcePlace(offset, map, node.raw_code);
  return [
    ...(own ? [`  at ${node.original_file_path}:${own.line}:${own.column}`] : []),
    `  compiled SQL: ${compiledPath ?? node.name}:${line}:${column}`,
    ...shown.flat(),
  ];
}

const pad = (number: number): string => String(number).padStart(4);

/** The offset in a statement of what DuckDB (`LINE 2: … ^`) or PostgreSQL (`at character 12`) complains of. */
function placeIn(problem: string, statement: string): number | undefined {
  const character = /at character (\d+)/.exec(problem)?.[1];
  if (character !== undefined) return Number(character) - 1;
  const [, number, excerpt = '', caret = ''] = /LINE (\d+): ([^\n]*)\n(\s*\^)/.exec(problem) ?? [];
  if (number === undefined) return undefined;
  const before = statement.split('\n').slice(0, Number(number) - 1);
  const lineStart = before.reduce((sum, line) => sum + line.length + 1, 0);
  const text = statement.split('\n')[Number(number) - 1] ?? '';
  const prefix = `LINE ${number}: `.length;
  const inExcerpt = caret.length - 1 - prefix;
  // A long line is cut on both sides, with dots.
  const cut = excerpt.startsWith('...') ? text.indexOf(excerpt.slice(3, 3 + 20)) - 3 : 0;
  return lineStart + Math.max(0, cut + inExcerpt);
}

function lineOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** Where in the template the part of the text at an offset is from. */
function sourcePlace(
  offset: number,
  map: SourceMap | undefined,
  raw: string,
): { readonly line: number; readonly column: number } | undefined {
  if (!map || map.length === 0) return undefined;
  const part = map.findLast(({ at }) => at <= offset);
  if (!part) return undefined;
  return lineOf(raw, Math.min(raw.length, part.from + (offset - part.at)));
}
