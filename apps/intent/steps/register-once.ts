import { isDeepStrictEqual } from 'node:util';
import type { ModelRegistry, ModelVersion, NewModelVersion } from 'smallboat/tracking';
import { registryErrors } from 'smallboat/tracking';

/**
 * Registers a model, unless that was done already: a step that is killed after it registered its model and before it
 * ended runs again when the run is resumed. The same model is that of the same tracked run with the same metrics.
 * A version that is damaged does not count, so that running the step again mends it.
 */
export async function registerOnce(registry: ModelRegistry, model: NewModelVersion): Promise<ModelVersion> {
  const { name, trackedRun, metrics = {} } = model;
  try {
    const same = (await registry.versions(name)).findLast(
      (version) => version.trackedRun === trackedRun && isDeepStrictEqual(version.metrics, metrics),
    );
    if (same !== undefined) return await registry.version(name, same.version);
  } catch (error) {
    if (!registryErrors.MODEL_VERSION_CORRUPT.is(error) && !registryErrors.MODEL_RECORD_UNREADABLE.is(error))
      throw error;
  }
  return registry.register(model);
}
