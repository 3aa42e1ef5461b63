import type { Dataset } from 'smallboat/features';
import { step } from 'smallboat/flow';
import { fitBaselines, scoreBaselines } from 'smallboat/training';

/** What a model has to beat, fitted on the training part and asked about the test part. */
export const baselines = step('baselines', {
  run: ({ examples }: { examples: Dataset }, { log }) => {
    const fitted = fitBaselines(examples.train, examples.validation);
    log('fitted', { features: fitted.logistic.names.length, trees: fitted.boosting.trees.length });
    return { fitted, scores: scoreBaselines(fitted, examples.test) };
  },
});
