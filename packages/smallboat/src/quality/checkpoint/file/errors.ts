import { defineErrors } from '../../../kernel/index.ts';

export const checkpointFileErrors = defineErrors({
  CHECKPOINT_NOT_FOUND: (f: { path: string }) =>
    `There is no checkpoint at ${f.path}. Check the path; checkpoints are YAML or JSON files as Great Expectations writes them.`,
  CHECKPOINT_UNREADABLE: (f: { path: string; line?: number; problem: string }) =>
    `${f.path}${f.line === undefined ? '' : `, line ${f.line},`} cannot be read: ${f.problem}. It needs validations, each with a suite and the data to ask (relation, batch_request, or validation_definitions of a project).`,
  CHECKPOINT_DATA_UNKNOWN: (f: { path: string; place: string; problem: string }) =>
    `${f.place} of ${f.path} does not say which data to ask: ${f.problem}. Give the validation a relation: the name of a table, a query in brackets, or a file.`,
  CHECKPOINT_VARIABLE_MISSING: (f: { path: string; variable: string }) =>
    `${f.path} needs the variable ${f.variable}. Set it in the environment, or in the project's config variables file.`,
});
