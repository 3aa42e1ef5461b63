import { defineErrors } from '../../kernel/index.ts';

export const pickleEncodeErrors = defineErrors({
  VALUE_NOT_STORABLE: (f: { path: string; problem: string; hint: string }) => `${f.path} ${f.problem}. ${f.hint}`,
});

export const pickleDecodeErrors = defineErrors({
  PICKLE_INVALID: (f: { problem: string; offset: number }) =>
    `The bytes are no pickle that can be read: ${f.problem}, at byte ${f.offset}. Store the value again.`,
  PICKLE_TYPE_REFUSED: (f: { type: string }) =>
    `The pickle holds ${f.type}, which is not plain data, and nothing is called to read it. Store it from Python as None, bool, int, float, str, bytes, list, tuple, dict, set, datetime or a numpy array; of an object its fields as a dict, of a data frame df.to_dict('list').`,
});
