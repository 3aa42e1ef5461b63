import { checkCommand } from '../quality/check.ts';

/** `smallboat validate <suite> <relation>`: `smallboat quality check` by its first name. */
export const command = checkCommand('validate');
