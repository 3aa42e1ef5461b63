import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { metaflowValues } from './metaflow-config.ts';

const home = mkdtempSync(join(tmpdir(), 'smallboat-metaflow-'));

it('reads the file of the profile, and the environment over it', () => {
  writeFileSync(
    join(home, 'config_team.json'),
    '{"METAFLOW_BATCH_JOB_QUEUE":"q","METAFLOW_BATCH_DEFAULT_TAGS":{"a":"b"},"METAFLOW_KUBERNETES_CPU":2}',
  );
  const values = metaflowValues({ METAFLOW_HOME: home, METAFLOW_PROFILE: 'team', METAFLOW_BATCH_JOB_QUEUE: 'mine' });
  expect(values).toMatchObject({
    METAFLOW_BATCH_JOB_QUEUE: 'mine',
    METAFLOW_BATCH_DEFAULT_TAGS: '{"a":"b"}',
    METAFLOW_KUBERNETES_CPU: '2',
  });
});

it('needs no file where no profile is named, and the file where one is', () => {
  expect(metaflowValues({ METAFLOW_HOME: home })).toEqual({ METAFLOW_HOME: home });
  expect(() => metaflowValues({ METAFLOW_HOME: home, METAFLOW_PROFILE: 'other' })).toThrow(
    expect.objectContaining({ code: 'METAFLOW_CONFIG_UNREADABLE' }),
  );
});
