import { expect, it } from 'vitest';
import { handedOn } from './handed-on.ts';

it('hands settings on to containers, and no secrets', () => {
  const settings = {
    SMALLBOAT_PROFILE: 'remote',
    SMALLBOAT_DEPLOY_BUCKET: 's3://boats/models',
    MLFLOW_REGISTRY_URI: 'https://mlflow.example.com',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces',
  };
  const secrets = {
    MLFLOW_TRACKING_TOKEN: 'x',
    WANDB_API_KEY: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=x',
    SMALLBOAT_DEPLOY_PASSWORD: 'x',
    PGPASSWORD: 'x',
    MLFLOW_TRACKING_URI: 'https://anna:x@mlflow.example.com',
  };
  const env = { ...settings, ...secrets, PATH: '/bin', SMALLBOAT_TRACKERS: '', TRACEPARENT: '00-1-2-01' };
  expect(handedOn(env, { isTraced: false })).toEqual(settings);
  expect(handedOn(env, { isTraced: true })).toEqual({ ...settings, TRACEPARENT: '00-1-2-01' });
});
