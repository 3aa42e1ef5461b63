import { deployRelease, openDeployTarget } from 'smallboat/serving/deploy';
import type { Home } from './home.ts';
import { elsewhereErrors } from './home.ts';
import { settingsHere } from './settings.ts';

/** An endpoint that goes on after the run. */
export interface Deployed {
  /** `sagemaker in eu-west-1`. */
  readonly location: string;
  readonly name: string;
  /** What it answers with now; null while a new model is on trial. */
  readonly modelVersion: string | null;
  readonly url: string | null;
}

/** Why a place cannot be deployed to from another machine. */
const NOT_THERE = {
  local: 'its endpoint would be gone with that machine',
  lambda: 'the code of a function is put together from sources and packages that are not there',
} as const;

/** Deploys a model to the place that the settings name; null where they name none. One prediction there must be the model's own, or what answered before is back. Rejects with `ENDPOINT_NOT_HERE`. */
export async function deployTo(
  name: string,
  {
    modelFolder,
    home,
    say,
  }: { readonly modelFolder: string; readonly home: Home; readonly say: (line: string) => void },
): Promise<Deployed | null> {
  const { env } = process;
  const settings = await settingsHere();
  const { deploy: to = 'none', deployRegion: region, deployRole: role, deployImage: image } = settings;
  if (to === 'none') return null;
  if (home.isPassing && to !== 'sagemaker') throw elsewhereErrors.ENDPOINT_NOT_HERE({ to, problem: NOT_THERE[to] });
  const { deployBucket: bucket, deployInstance: instance } = settings;
  const where = { ...(region === undefined ? {} : { region }), ...(role === undefined ? {} : { role }) };
  await using target = await openDeployTarget({
    to,
    home: home.folder,
    env,
    lambda: where,
    sagemaker: {
      ...where,
      ...(image === undefined ? {} : { image }),
      ...(bucket === undefined ? {} : { bucket }),
      ...(instance === undefined ? {} : { instance }),
    },
  });
  const { url = null, modelVersion = null } = await deployRelease(target, {
    name,
    modelFolder,
    say,
    // Of the run, where it is traced.
    ...(env['TRACEPARENT'] === undefined ? {} : { traceParent: env['TRACEPARENT'] }),
  });
  return { location: target.location, name, modelVersion, url };
}
