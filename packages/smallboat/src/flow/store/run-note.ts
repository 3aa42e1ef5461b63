import { isIntact } from './seal.ts';
import { objectIn, storeFileErrors } from './store-file.ts';

/** What we keep of a run that Metaflow has no place for. */
export interface RunNote {
  /** The run that this one continues. */
  readonly origin?: string;
  /** Content key of the graph in Metaflow's words. */
  readonly graphInfo?: string;
  /** Metaflow's fact about the code package, as JSON. */
  readonly code?: string;
}

/** The form of notes that this version writes. A later one that an earlier version must not misread has a higher number. */
export const NOTE_FORMAT = 1;

/** What a run's note says; nothing where there is none. By hand: every worker reads one. Throws `STORE_FILE_DAMAGED`, `STORE_TOO_NEW`. */
export function parseRunNote(text: string | undefined, path: string): RunNote {
  if (text === undefined) return {};
  const found = objectIn(text, path);
  if (!isIntact(text)) throw storeFileErrors.STORE_FILE_DAMAGED({ path, problem: 'its sum does not fit' });
  const { origin, graphInfo, code, format = NOTE_FORMAT } = found;
  if (typeof format !== 'number' || format > NOTE_FORMAT) {
    throw storeFileErrors.STORE_TOO_NEW({ path, format: String(format), known: NOTE_FORMAT });
  }
  return {
    ...(typeof origin === 'string' ? { origin } : {}),
    ...(typeof graphInfo === 'string' ? { graphInfo } : {}),
    ...(typeof code === 'string' ? { code } : {}),
  };
}
