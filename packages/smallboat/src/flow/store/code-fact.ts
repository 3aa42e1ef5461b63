import type { Fact } from './metadata-files.ts';
import type { CodePackage } from './run-store.ts';

/** How the package is packed, for Metaflow's readers: their first format, a `.tar.gz` with a member `INFO`. */
const PACKED = JSON.stringify({ version: 0, archive_format: 'tgz', mfcontent_version: 0 });

/** What Metaflow's client looks for to give `Run.code`. `kind`: Metaflow's name of the datastore. */
export function codeFact({ key, url }: CodePackage, kind: string): Fact {
  return {
    field: 'code-package',
    value: JSON.stringify({ ds_type: kind, sha: key, location: url, metadata: PACKED }),
  };
}
