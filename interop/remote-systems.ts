import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { metadataService } from '../packages/smallboat/src/flow/testing/metadata-service.ts';
import { startFakeSnowflake } from './fakesnow.ts';
import { startMlflow } from './mlflow.ts';
import { startPostgres } from './postgres.ts';
import { startPrefect } from './prefect.ts';
import { startAwsStandIn } from './serving/aws-stand-in.ts';

/** One of the systems, for people. */
interface RemoteSystem {
  readonly name: string;
  readonly where: string;
  /** What is there. */
  readonly is: string;
}

/** All that the profile `remote` of apps/intent uses, on this machine. Closing it stops all of them, and nothing of them stays. */
export interface RemoteSystems extends AsyncDisposable {
  readonly systems: readonly RemoteSystem[];
  /** The environment that names them, PostgreSQL as the warehouse. Its passwords are made up. */
  readonly env: Readonly<Record<string, string>>;
  /** What says Snowflake in place of PostgreSQL. */
  readonly snowflake: Readonly<Record<string, string>>;
}

const KEY = 'sesame';

/** Starts them, all at once: half a minute where nothing else is going on. @param say is told of each that is up. */
export async function startRemoteSystems(say: (line: string) => void = () => undefined): Promise<RemoteSystems> {
  await using stack = new AsyncDisposableStack();
  const begin = async <S extends AsyncDisposable>(name: string, starting: Promise<S>): Promise<S> => {
    const system = stack.use(await starting);
    say(`${name} is up`);
    return system;
  };
  const starting = [
    begin('PostgreSQL', startPostgres()),
    begin('Snowflake', startFakeSnowflake()),
    begin('AWS', startAwsStandIn()),
    begin('metadata service', metadataService({ apiKey: KEY })),
    begin('MLflow', startMlflow()),
    begin('Prefect', startPrefect()),
  ] as const;
  // Where one fails, those that come up are waited for, and stopped.
  await Promise.allSettled(starting);
  const [postgres, snowflake, aws, metadata, mlflow, prefect] = await Promise.all(starting);
  await postgres.psql('postgres', 'CREATE DATABASE shop');
  const cloud = {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ENDPOINT_URL_S3: aws.moto,
    AWS_ACCESS_KEY_ID: 'nobody',
    AWS_SECRET_ACCESS_KEY: 'nothing',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
  };
  const credentials = { accessKeyId: cloud.AWS_ACCESS_KEY_ID, secretAccessKey: cloud.AWS_SECRET_ACCESS_KEY };
  const s3 = new S3Client({ endpoint: aws.moto, region: cloud.AWS_REGION, forcePathStyle: true, credentials });
  await s3.send(new CreateBucketCommand({ Bucket: 'boats' }));
  s3.destroy();
  const up = stack.move();
  return {
    systems: [
      { name: 'PostgreSQL', where: `${postgres.url}/shop`, is: 'PostgreSQL, in the place of Redshift or for itself' },
      { name: 'Snowflake', where: `http://127.0.0.1:${snowflake.port}`, is: 'fakesnow, for the SDK of Snowflake' },
      { name: 'S3', where: aws.moto, is: 'moto' },
      { name: 'SageMaker, Lambda', where: aws.endpoint, is: 'moto; endpoints run in our container’s program' },
      { name: 'metadata service', where: metadata.url, is: 'a stand-in for Metaflow’s, in memory' },
      { name: 'MLflow', where: mlflow.uri, is: 'MLflow; its pages are there' },
      { name: 'Prefect', where: prefect.url.replace(/\/api$/, ''), is: 'Prefect; its pages are there' },
    ],
    env: {
      WAREHOUSE_URL: `${postgres.url}/shop`,
      ...postgres.env,
      ...cloud,
      METAFLOW_DEFAULT_DATASTORE: 's3',
      METAFLOW_DATASTORE_SYSROOT_S3: 's3://boats/metaflow',
      METAFLOW_S3_ENDPOINT_URL: aws.moto,
      METAFLOW_DEFAULT_METADATA: 'service',
      METAFLOW_SERVICE_URL: metadata.url,
      METAFLOW_SERVICE_AUTH_KEY: KEY,
      ...mlflow.env,
      MLFLOW_REGISTRY_URI: mlflow.uri,
      PREFECT_API_URL: prefect.url,
      SMALLBOAT_DEPLOY: 'sagemaker',
      SMALLBOAT_DEPLOY_ROLE: aws.role,
      SMALLBOAT_DEPLOY_IMAGE: '123456789012.dkr.ecr.us-east-1.amazonaws.com/endpoint:1',
      SMALLBOAT_DEPLOY_BUCKET: 's3://models/intent',
    },
    snowflake: { WAREHOUSE_URL: snowflake.url('SHOP'), ...snowflake.env },
    [Symbol.asyncDispose]: () => up.disposeAsync(),
  };
}
