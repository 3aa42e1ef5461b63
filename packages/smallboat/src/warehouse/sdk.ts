import { openErrors } from './open-errors.ts';

/** Loads the package of a remote system, which is installed only where it is used. Rejects with `WAREHOUSE_SDK_MISSING`. */
export async function loadSdk<T>(packageName: string, location: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause;
    throw openErrors.WAREHOUSE_SDK_MISSING({ location, packageName, problem: String(cause) }, { cause });
  }
}
