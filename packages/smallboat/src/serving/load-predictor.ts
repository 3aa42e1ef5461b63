import type { Predictor } from './predictor.ts';

/**
 * Loads a model folder, as training writes it, for the endpoint. Loading checks every file against the manifest and runs
 * nothing of it.
 *
 * @throws what `loadModel` of training throws for a folder that is missing, incomplete or altered, or made for another vocabulary.
 */
export async function loadPredictor(folder: string): Promise<Predictor> {
  // Loaded when it is needed: the kernel is compiled WebAssembly.
  const { loadModel } = await import('../training/index.ts');
  const model = await loadModel(folder);
  const { version, protocol, maxEvents } = model.manifest;
  return {
    version,
    rule: { protocol, maxEvents },
    encoder: model.encoder,
    predict: (sessions) => model.predict(sessions),
  };
}
