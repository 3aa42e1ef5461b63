import { createHash } from 'node:crypto';
import { fromPlain } from '../jinja/json.ts';
import { repr, str } from '../jinja/value.ts';
import { isRecord } from '../project/plain.ts';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/**
 * As dbt makes up a test's name from its macro, its model and its arguments; and its name as a file, which ends in a hash
 * where the name has 64 letters or more.
 */
export function testName(
  test: string,
  about: string,
  given: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly file: string } {
  const parts = Object.keys(given)
    .toSorted()
    .flatMap((key) => {
      const value = given[key];
      if (Array.isArray(value)) return value.map(pythonText);
      return isRecord(value) ? Object.values(value).map(pythonText) : [pythonText(value)];
    })
    .map((part) => part.replace(/[^0-9a-zA-Z_]+/g, '_'));
  const start = `${test}_${about}`;
  const full = `${start}_${parts.join('__')}`;
  return { name: full, file: full.length >= 64 ? `${start.slice(0, 30)}_${md5(full)}` : full };
}

/** The ten letters at the end of a test's unique id: a hash of its name and of what its macro is given, as dbt's. */
export function testHash(
  name: string,
  metadata: {
    readonly namespace: string | undefined;
    readonly name: string;
    readonly kwargs: Readonly<Record<string, unknown>>;
  },
): string {
  const hashable = { kwargs: metadata.kwargs, name: metadata.name, namespace: metadata.namespace ?? null };
  return md5(name + repr(fromPlain(printed(hashable)))).slice(-10);
}

function printed(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(printed);
  if (isRecord(data))
    return Object.fromEntries(
      Object.keys(data)
        .toSorted()
        .map((key) => [key, printed(data[key])]),
    );
  return pythonText(data);
}

function pythonText(value: unknown): string {
  return str(fromPlain(value));
}
