import { packageErrors } from '../../../kernel/index.ts';
import { remoteErrors } from '../remote-errors.ts';
import { storeFileErrors } from '../store-file.ts';

/** What is known of an error of the SDK. */
export interface S3Failure {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
}

export function s3Failure(error: unknown): S3Failure | undefined {
  if (!(error instanceof Error)) return undefined;
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : 0;
  const code = 'Code' in error && typeof error.Code === 'string' ? error.Code : error.name;
  return { name: code, message: error.message, status: typeof status === 'number' && status > 0 ? status : undefined };
}

/** No such object. A bucket that is not there is told apart, except by a request for what is known of an object: it has no text. */
export function isGone(error: unknown): boolean {
  const failure = s3Failure(error);
  return failure?.status === 404 && failure.name !== 'NoSuchBucket';
}

/** Somebody was quicker: a condition of the request no longer holds. */
export function isConflict(error: unknown): boolean {
  const { status, name } = s3Failure(error) ?? {};
  return status === 412 || name === 'PreconditionFailed' || name === 'ConditionalRequestConflict';
}

const DENIED = new Set([
  'AccessDenied',
  'AuthFailure',
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
]);

/** An error of the SDK as one of ours: what could not be asked, what was not allowed, what could not be written. */
export function asStoreError(error: unknown, { location, path }: { readonly location: string; path: string }): unknown {
  const failure = s3Failure(error);
  if (!failure || packageErrors.PACKAGE_MISSING.is(error)) return error;
  const { name, message, status } = failure;
  const problem =
    name === 'CredentialsProviderError'
      ? `AWS credentials were not found (${message})`
      : message === 'UnknownError' || message === ''
        ? name
        : `${name}: ${message}`;
  if (DENIED.has(name) || status === 401 || status === 403) {
    return remoteErrors.STORE_DENIED({ location, problem }, { cause: error });
  }
  // The network's errors come without a status, and with the name of what is wrong.
  const isNetwork = status === undefined && ('code' in (error as object) || /Timeout|Network|Aborted/.test(name));
  const isRegion = message.includes('Region is missing');
  if (isNetwork || isRegion || name === 'NoSuchBucket' || status === 301 || (status ?? 0) >= 500) {
    return remoteErrors.STORE_UNREACHABLE({ location, problem }, { cause: error });
  }
  if (status === undefined) return error;
  return storeFileErrors.STORE_WRITE_FAILED({ path: `${location}/${path}`, problem }, { cause: error });
}
