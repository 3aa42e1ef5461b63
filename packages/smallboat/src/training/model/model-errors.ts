import { defineErrors } from '../../kernel/index.ts';

export const modelErrors = defineErrors({
  MODEL_MISSING: (f: { folder: string; file: string }) =>
    `There is no ${f.file} in the model folder ${f.folder}. Give the folder of a trained model, or train one.`,
  MODEL_CORRUPT: (f: { path: string; expected: string; found: string }) =>
    `${f.path} is not the file that was trained: its SHA-256 is ${f.found}, and the manifest says ${f.expected}. ` +
    `Fetch the model again, or train it again.`,
  MODEL_MANIFEST_INVALID: (f: { path: string; problem: string }) =>
    `${f.path} is not a manifest of this version of Smallboat: ${f.problem}. Write the model again with this version.`,
  MODEL_WEIGHTS_INVALID: (f: { path: string; problem: string }) =>
    `${f.path} does not hold the weights of the manifest's model: ${f.problem}. Write the model again.`,
  MODEL_VOCABULARY_DIFFERS: (f: { folder: string; action: string; model: string; ours: number }) =>
    `The model in ${f.folder} was trained with token ${f.model} for '${f.action}', and sessions are encoded with ${f.ours} here. ` +
    `Use it with the version of Smallboat that trained it, or train it again.`,
});
