import { dirname, join } from 'node:path';
import type { Settings } from 'smallboat/config';
import { loadSettings } from 'smallboat/config';

/** Named by its whole path, so that it goes into the code package of steps that run on other machines. */
const file = join(import.meta.dirname, '../smallboat.config.ts');

/** The settings in force where a step runs. */
export function settingsHere(): Promise<Settings> {
  return loadSettings({ folder: dirname(file), env: process.env });
}
