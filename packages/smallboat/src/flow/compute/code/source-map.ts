import { resolve } from 'node:path';
import type { Places } from './place.ts';

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: unknown;
}

/**
 * A source map with the paths of this machine replaced by those in the code package, so that a stack trace names `app/steps/train.ts:12`.
 *
 * @param folder Absolute path of the folder that the map's paths begin at.
 */
export function sourceMapIn(map: Uint8Array, folder: string, places: Places): Uint8Array {
  const { sourcesContent: _, ...parsed } = JSON.parse(Buffer.from(map).toString('utf8')) as SourceMap; // As esbuild writes it.
  const sources = parsed.sources.map((path) => `../${places.of(resolve(folder, path))}`);
  return Buffer.from(JSON.stringify({ ...parsed, sources }));
}
