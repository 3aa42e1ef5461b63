import { isIntact } from './seal.ts';

/** What a list shows of a run that has ended, kept with it so that a list need not read its tasks. */
export interface RunSummary {
  readonly state: 'done' | 'failed';
  /** When its last task ended, in milliseconds since 1970. */
  readonly endedAt: number;
  /** Steps that the flow has, and those of them that are done, or that a run that is done did not need. */
  readonly steps: number;
  readonly stepsDone: number;
}

/** The form of summaries that this version writes; one of another form is not read. */
export const SUMMARY_FORMAT = 1;

/** A stored summary; undefined where there is none, or a damaged one: then the run's tasks have it all. */
export function parseSummary(text: string | undefined): RunSummary | undefined {
  if (text === undefined || !isIntact(text)) return undefined;
  const found = asObject(text);
  const { state, endedAt, steps, stepsDone, format } = found;
  if (format !== SUMMARY_FORMAT || (state !== 'done' && state !== 'failed')) return undefined;
  if (typeof endedAt !== 'number' || typeof steps !== 'number' || typeof stepsDone !== 'number') return undefined;
  return { state, endedAt, steps, stepsDone };
}

function asObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null ? { ...found } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
