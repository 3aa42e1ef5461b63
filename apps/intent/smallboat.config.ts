import { defineConfig } from 'smallboat/config';

/**
 * `local`: everything in files under `.smallboat` beside the packages, on this machine, with no account.
 */
export const config = defineConfig({
  profiles: {
    local: { home: '../../.smallboat' },
  },
});
