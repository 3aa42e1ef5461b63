import { defineErrors } from '../../kernel/index.ts';

export const dbtErrors = defineErrors({
  DBT_MANIFEST_NOT_FOUND: (f: { path: string }) =>
    `There is no manifest of a dbt project at ${f.path}. Run 'dbt compile' first, or name the file.`,
  DBT_MANIFEST_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} is not the manifest of a dbt project: ${f.problem}. Run 'dbt compile' again.`,
  DBT_TEST_NOT_COMPILED: (f: { test: string; path: string }) =>
    `The test ${f.test} has no SQL in ${f.path}, and none of ours asks the same. Run 'dbt compile' first.`,
});
