/** Where files lie for Redshift to COPY them. */
export interface RedshiftStage {
  /** `s3://bucket/folder`: files are put there, loaded, and removed. */
  readonly url: string;
  /** ARN of the role that may read there; default the one that the cluster has as its default. */
  readonly iamRole?: string;
  /** Region of the bucket, where it is not that of the cluster. */
  readonly region?: string;
}
