import { defineErrors } from './errors.ts';

export const packageErrors = defineErrors({
  PACKAGE_MISSING: (f: { package: string; needer: string }) =>
    `${f.needer} needs the package ${f.package}, which is not installed. Install it: npm install ${f.package}`,
});

/**
 * Imports a package that not everybody needs: the SDK of a remote system, say. Rejects with `PACKAGE_MISSING` where it is not installed.
 *
 *     const { S3Client } = await optionalPackage('@aws-sdk/client-s3', 'The S3 datastore', () => import('@aws-sdk/client-s3'));
 */
export async function optionalPackage<T>(name: string, needer: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    if (!isMissing || !cause.message.includes(`'${name}'`)) throw cause;
    throw packageErrors.PACKAGE_MISSING({ package: name, needer }, { cause });
  }
}
