import { defineErrors } from '../../../kernel/index.ts';

export const s3SpecErrors = defineErrors({
  STORE_ROOT_INVALID: (f: { root: string }) =>
    `${JSON.stringify(f.root)} is no place in S3. It is written as s3://bucket/prefix: METAFLOW_DATASTORE_SYSROOT_S3 is where Metaflow's configuration says it.`,
});

/** A datastore in S3 as plain data. It holds no secret: credentials are found by each process, as AWS's tools find them. */
export interface S3Spec {
  readonly kind: 's3';
  /** `s3://bucket/prefix` */
  readonly root: string;
  /** Where bodies of steps keep objects of their own (`context.s3()`). Default: `data` below the root, as in Metaflow. */
  readonly dataRoot?: string;
  /** Another server that speaks S3: MinIO, moto. Left out: AWS. */
  readonly endpoint?: string;
  readonly region?: string;
  /** How the server encrypts what it keeps: `AES256`, `aws:kms`. Left out: as the bucket says. */
  readonly encryption?: string;
  /** False: any certificate will do. A path: a file of certificates to trust beside those of the system. */
  readonly certificates?: false | string;
  /** Tries of a request at most. Default 10. */
  readonly attempts?: number;
  /** `adaptive` sends more slowly where the server asks for it. Default `adaptive`. */
  readonly retryMode?: 'standard' | 'adaptive';
  /** Requests under way at once, at most. Default 64. */
  readonly connections?: number;
}

export interface S3Place {
  readonly bucket: string;
  /** Empty, or ends in `/`. */
  readonly prefix: string;
  /** `s3://bucket/prefix`, without a `/` at its end. */
  readonly root: string;
}

/** Throws `STORE_ROOT_INVALID`. */
export function s3Place(root: string): S3Place {
  const [, bucket, path = ''] = /^s3[an]?:\/\/([^/]+)(?:\/(.*))?$/.exec(root) ?? [];
  if (bucket === undefined) throw s3SpecErrors.STORE_ROOT_INVALID({ root });
  const folder = path.replace(/\/+$/, '');
  return { bucket, prefix: folder === '' ? '' : `${folder}/`, root: root.replace(/\/+$/, '') };
}
