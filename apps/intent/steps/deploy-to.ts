import { join } from 'node:path';
import { loadSettings } from 'smallboat/config';
import { deployRelease, openDeployTarget } from 'smallboat/serving/deploy';

/** An endpoint that goes on after the run. */
export interface Deployed {
  /** `sagemaker in eu-west-1`. */
  readonly location: string;
  readonly name: string;
  /** What it answers with now; null while a new model is on trial. */
  readonly modelVersion: string | null;
  readonly url: string | null;
}

/** Deploys a model to the place that the settings name; null where they name none. One prediction there must be the model's own, or what answered before is back. */
export async function deployTo(
  name: string,
  {
    modelFolder,
    home,
    say,
  }: { readonly modelFolder: string; readonly home: string; readonly say: (line: string) => void },
): Promise<Deployed | null> {
  const { env } = process;
  const settings = await loadSettings({ folder: join(import.meta.dirname, '..'), env });
  const { deploy: to = 'none', deployRegion: region, deployRole: role, deployImage: image } = settings;
  if (to === 'none') return null;
  const { deployBucket: bucket, deployInstance: instance } = settings;
  const where = { ...(region === undefined ? {} : { region }), ...(role === undefined ? {} : { role }) };
  await using target = await openDeployTarget({
    to,
    home,
    env,
    lambda: where,
    sagemaker: {
      ...where,
      ...(image === undefined ? {} : { image }),
      ...(bucket === undefined ? {} : { bucket }),
      ...(instance === undefined ? {} : { instance }),
    },
  });
  const { url = null, modelVersion = null } = await deployRelease(target, { name, modelFolder, say });
  return { location: target.location, name, modelVersion, url };
}
