export { bestAucs } from './best-auc.ts';
export type { BestAuc } from './best-auc.ts';
export { generateDataset, generateErrors } from './generate.ts';
export type { DatasetFormat, GenerateOptions, GeneratedReport } from './generate.ts';
export { purchaseChance } from './shopper.ts';
