import { readFile } from 'node:fs/promises';
import { LineCounter, isNode, parseDocument } from 'yaml';
import type * as z from 'zod';
import { projectErrors } from './errors.ts';

/** A YAML file of a project, and where in it things stand. */
export interface YamlFile {
  /** Relative to the project, for messages. */
  readonly file: string;
  readonly data: unknown;
  /** The line, from 1, of what is at this path; that of what is around it where there is nothing. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** @throws `PROJECT_UNREADABLE` with the line. */
export async function readYaml(path: string, file: string): Promise<YamlFile> {
  const lines = new LineCounter();
  const document = parseDocument(await readFile(path, 'utf8'), { lineCounter: lines, merge: true });
  const [error] = document.errors;
  if (error) {
    const problem = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    throw projectErrors.PROJECT_UNREADABLE({ file, line: lines.linePos(error.pos[0]).line, problem }, { cause: error });
  }
  return {
    file,
    data: document.toJS(),
    lineOf(place) {
      for (let length = place.length; length > 0; length -= 1) {
        const node: unknown = document.getIn(place.slice(0, length), true);
        if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
      }
      return 1;
    },
  };
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
