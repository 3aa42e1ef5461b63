/** How one epoch went. Losses are binary cross-entropy in nats an example. */
export interface EpochFigures {
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean over the epoch's batches, each before its step, as Keras reports it; with class weights the weighted mean. */
  readonly trainLoss: number;
  readonly validationLoss: number;
  /** Null where the validation part has one class only. */
  readonly validationAuc: number | null;
  readonly seconds: number;
}
