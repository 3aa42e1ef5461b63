import { readFile } from 'node:fs/promises';
import type { ArtifactKey, CodePackage } from './run-store.ts';
import { ifThere, storeFileErrors } from './store-file.ts';

/** What we keep of a run that Metaflow has no place for. */
export interface RunExtra {
  /** The run that this one continues. */
  readonly origin?: string;
  /** Content key of the graph in Metaflow's words. */
  readonly graphInfo?: string;
  /** The code that its tasks are run from elsewhere. */
  readonly code?: CodePackage;
}

/** Reads a run's `smallboat.json`; nothing where there is none. By hand: every worker reads it. Rejects with `STORE_FILE_DAMAGED`. */
export async function readRunExtra(path: string): Promise<RunExtra> {
  const text = await ifThere(readFile(path, 'utf8'));
  if (text === undefined) return {};
  const damaged = (problem: string, cause?: unknown): Error =>
    storeFileErrors.STORE_FILE_DAMAGED({ path, problem }, { cause });
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw damaged('it is not JSON', cause);
  }
  if (typeof found !== 'object' || found === null) throw damaged('it does not hold an object');
  const { origin, graphInfo, code } = found as Record<string, unknown>; // An object has names and values.
  const stored = codeIn(code);
  return {
    ...(typeof origin === 'string' ? { origin } : {}),
    ...(typeof graphInfo === 'string' ? { graphInfo } : {}),
    ...(stored ? { code: stored } : {}),
  };
}

function codeIn(found: unknown): CodePackage | undefined {
  if (typeof found !== 'object' || found === null) return undefined;
  const { key, url } = found as Record<string, unknown>; // An object has names and values.
  return typeof key === 'string' && typeof url === 'string' ? { key: key as ArtifactKey, url } : undefined;
}
