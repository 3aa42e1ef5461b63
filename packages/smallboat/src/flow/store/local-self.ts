import { isIntact } from './seal.ts';
import { objectIn, storeFileErrors } from './store-file.ts';

/** What stands in a `_self.json` of local metadata, of runs and tasks: what is read by name, and all else as it is. */
export interface LocalSelf extends Readonly<Record<string, unknown>> {
  /** Milliseconds since 1970. */
  readonly ts_epoch: number;
  readonly user_name: string | null;
  readonly tags: readonly string[];
  readonly system_tags: readonly string[];
}

/** By hand: a list reads one for each of a hundred thousand runs. Throws `STORE_FILE_DAMAGED`, naming `path`. */
export function parseSelf(text: string, path: string): LocalSelf {
  const damaged = (problem: string): Error => storeFileErrors.STORE_FILE_DAMAGED({ path, problem });
  const found = objectIn(text, path);
  const { ts_epoch, user_name = null, tags = [], system_tags = [] } = found;
  if (typeof ts_epoch !== 'number') throw damaged('ts_epoch is no number');
  if (user_name !== null && typeof user_name !== 'string') throw damaged('user_name is no text');
  if (!isTexts(tags)) throw damaged('tags is no list of texts');
  if (!isTexts(system_tags)) throw damaged('system_tags is no list of texts');
  if (!isIntact(text)) throw damaged('its sum does not fit');
  return { ...found, ts_epoch, user_name, tags, system_tags };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
