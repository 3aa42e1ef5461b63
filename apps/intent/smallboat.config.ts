import { defineConfig } from 'smallboat/config';

/**
 * `local`: everything in files under `.smallboat` beside the packages, on this machine, with no account.
 *
 * `remote`: the same steps on the systems that the environment names: the warehouse by WAREHOUSE_URL, runs where Metaflow's configuration says (a bucket,
 * the metadata service), tracking and registry by their own variables. docs/remote.md goes through them.
 */
export const config = defineConfig({
  profiles: {
    local: { home: '../../.smallboat' },
    remote: { home: '../../.smallboat/remote', runs: 'metaflow' },
  },
});
