import { sessionEncoder } from '../../features/index.ts';
import { loadPredictor } from '../load-predictor.ts';
import type { Asked, DeployOptions, DeployTarget, Deployment } from './target.ts';
import { deployErrors } from './target.ts';

/** The session of the smoke prediction. */
const SMOKE = ['view', 'detail', 'add'] as const;
/** The endpoint computes with the same kernel; JSON keeps every digit. */
const TOLERANCE = 1e-6;

export interface DeployReleaseOptions extends DeployOptions, Asked {
  readonly name: string;
  readonly modelFolder: string;
}

/**
 * Deploys a model folder and asks for one prediction as a client would: it must be the model's own. If it is not, what answered before is put back, or
 * the endpoint taken down where there was none.
 *
 * Rejects with `SMOKE_FAILED`, `ENDPOINT_NAME_INVALID`, and what the target and the loading of models reject with.
 */
export async function deployRelease(target: DeployTarget, options: DeployReleaseOptions): Promise<Deployment> {
  const { name, modelFolder, say } = options;
  if (!/^(?=.{1,40}$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/.test(name)) throw deployErrors.ENDPOINT_NAME_INVALID({ name });
  const model = await loadPredictor(modelFolder);
  const before = await target.status(name);
  const deployed = await target.deploy({ name, modelFolder, modelVersion: model.version }, options);
  // While a model is on trial the old one answers most requests: that trial is its test.
  if (deployed.state === 'trial') return deployed;
  const encoder = model.encoder ?? sessionEncoder(model.rule);
  const expected = model.predict([encoder.encode(SMOKE.map((action) => ({ action })))])[0] ?? Number.NaN;
  const found = await target.predict(name, SMOKE, options).catch((error: unknown) => String(error));
  if (typeof found === 'number' && Math.abs(found - expected) <= TOLERANCE) {
    say(`A smoke prediction gave ${found.toFixed(6)}, as the model itself.`);
    return deployed;
  }
  const hadOne = before.state !== 'absent' && before.modelVersion !== model.version;
  if (hadOne) await target.rollback(name);
  else if (before.state === 'absent') await target.destroy(name);
  const done = hadOne
    ? 'The model before is back in use.'
    : before.state === 'absent'
      ? 'The endpoint was taken down again.'
      : 'It is the same model as before.';
  throw deployErrors.SMOKE_FAILED({ name, session: SMOKE.join(','), expected, found: String(found), done });
}
