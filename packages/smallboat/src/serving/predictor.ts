import type { EncodedSession, SequenceRule, SessionEncoder } from '../features/index.ts';

/** A model as the endpoint needs it. */
export interface Predictor {
  /** Names the model in answers and in the prediction log. */
  readonly version: string;
  /** How sequences were made for training; sessions are encoded by the same rule. */
  readonly rule: SequenceRule;
  /** Makes sessions into what `predict` takes, with the features of the model. Default: one of actions alone, by the rule. */
  readonly encoder?: Pick<SessionEncoder, 'encode'>;
  /** The probability of a purchase, 0 to 1, for each session. */
  predict(sessions: readonly EncodedSession[]): ArrayLike<number>;
}

/** Where predictions are kept: the part of monitoring's `PredictionLog` that the endpoint uses. Neither call waits. */
export interface PredictionSink {
  append(record: {
    readonly id: string;
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly endpoint: string;
    readonly modelVersion: string;
    readonly tokens: Uint8Array;
    readonly prediction: number;
    /** Of the request that it was part of. */
    readonly latencyMs: number;
    /** The shop's name of the session, where the client gave it. */
    readonly session?: string;
  }): void;
  /** What became of the records; `problem` is there while they cannot be written. Shown at `/ping`. */
  readonly stats?: { readonly written: number; readonly dropped: number; readonly problem?: string };
  feedback(record: { readonly id: string; readonly at: number; readonly label: number }): void;
}
