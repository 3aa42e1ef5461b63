import { defineErrors } from '../../kernel/index.ts';

export const pickleDecodeErrors = defineErrors({
  PICKLE_INVALID: (f: { problem: string; offset: number }) =>
    `The bytes are no pickle that can be read: ${f.problem}, at byte ${f.offset}. Store the value again.`,
  PICKLE_TYPE_REFUSED: (f: { type: string }) =>
    `The pickle holds ${f.type}, which is not plain data, and nothing is called to read it. Store it from Python as None, bool, int, float, str, bytes, list, dict, set, datetime or a numpy array of numbers.`,
});
