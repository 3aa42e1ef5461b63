import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from 'smallboat/kernel';

const app = join(import.meta.dirname, '..');
/** What makes a model. The code package of a step on another machine holds these and not the rest. */
const MAKING = /^\/(?:flow|raw-tables)\.ts$|^\/(?:steps|dbt|expectations)\//;
/** Steps of another flow. */
const OTHERS = '/steps/search.ts';

/** SHA-256 over the application's own files (flow, steps, models, suites), by name and content: what made a model, for its lineage. */
export async function codeHash(): Promise<string> {
  const files = (await readdir(app, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(ts|sql|ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => MAKING.test(path.slice(app.length)) && !path.endsWith(OTHERS))
    .filter((path) => !/\.test\.ts$|testing\.ts$|node_modules|\.smallboat|\/target\/|\/logs\//.test(path))
    .toSorted();
  const parts = await Promise.all(
    files.map(async (path) => `${path.slice(app.length)} ${sha256(await readFile(path))}`),
  );
  return sha256(parts.join('\n'));
}
