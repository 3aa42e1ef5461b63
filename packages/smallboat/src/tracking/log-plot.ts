import type { ReportComponent } from '../report/index.ts';
import { page, renderComponents } from '../report/index.ts';
import type { ArtifactInfo, TrackedRun } from './tracker.ts';

/**
 * Keeps a plot with a run: charts, tables, pictures or text as one page `plots/<name>.html`, which loads nothing and
 * which every tracking system shows as it is, and as data in `plots/<name>.json`, from which it can be drawn again.
 * Rejects with `TRACKED_NAME_INVALID`.
 */
export async function logPlot(
  run: TrackedRun,
  name: string,
  components: readonly ReportComponent[],
): Promise<ArtifactInfo> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const html = page({ title: name, body: renderComponents(components) });
  const info = await run.logArtifact({ name: `plots/${name}.html`, bytes: bytes(html) });
  await run.logArtifact({ name: `plots/${name}.json`, bytes: bytes(`${JSON.stringify(components)}\n`) });
  return info;
}
