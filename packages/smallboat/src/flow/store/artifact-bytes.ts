import { withArrow } from './arrow-table.ts';
import { decodePickle } from './pickle-decode.ts';
import { encodePickle } from './pickle-encode.ts';

/**
 * An artifact's value as the bytes that a store keeps, in pieces: see `encodePickle`. The value is read before this returns, unless there is
 * an Arrow table in it. Rejects with `VALUE_NOT_STORABLE`, and with `PACKAGE_MISSING` where the table's package is not installed.
 */
export async function artifactBytes(value: unknown): Promise<readonly Uint8Array[]> {
  return withArrow(() => encodePickle(value));
}

/** The value of an artifact's bytes: see `decodePickle`. Rejects with `PICKLE_INVALID`, `PICKLE_TYPE_REFUSED`, `CODEC_UNKNOWN`, `CODEC_FAILED`, `PACKAGE_MISSING`. */
export async function artifactValue(bytes: Uint8Array): Promise<unknown> {
  return withArrow(() => decodePickle(bytes));
}
