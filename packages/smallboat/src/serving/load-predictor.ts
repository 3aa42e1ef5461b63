import { TOKENS } from '../features/index.ts';
import { defineErrors } from '../kernel/index.ts';
import type { Predictor } from './predictor.ts';

export const predictorErrors = defineErrors({
  MODEL_VOCABULARY_DIFFERS: (f: { folder: string; action: string; model: string; ours: number }) =>
    `The model in ${f.folder} was trained with token ${f.model} for '${f.action}', and the endpoint would send it ${f.ours}. Serve it with the version of Smallboat that trained it, or train it again.`,
});

/**
 * Loads a model folder, as training writes it, for the endpoint. Loading checks every file against the manifest and runs
 * nothing of it.
 *
 * @throws MODEL_VOCABULARY_DIFFERS, and what `loadModel` of training throws for a folder that is missing, incomplete or altered.
 */
export async function loadPredictor(folder: string): Promise<Predictor> {
  // Loaded when it is needed: the kernel is compiled WebAssembly.
  const { loadModel } = await import('../training/index.ts');
  const model = await loadModel(folder);
  const { version, protocol, maxEvents, vocabulary } = model.manifest;
  for (const [action, ours] of Object.entries(TOKENS)) {
    // Padding fills rectangles while training; no request holds it.
    if (action === 'padding' || vocabulary[action] === ours) continue;
    const theirs = String(vocabulary[action] ?? 'none');
    throw predictorErrors.MODEL_VOCABULARY_DIFFERS({ folder, action, model: theirs, ours });
  }
  return {
    version,
    rule: { protocol, maxEvents },
    encoder: model.encoder,
    predict: (sessions) => model.predict(sessions),
  };
}
