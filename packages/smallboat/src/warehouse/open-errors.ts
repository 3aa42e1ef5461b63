import { defineErrors } from '../kernel/index.ts';

/** What can go wrong before a warehouse is open. */
export const openErrors = defineErrors({
  WAREHOUSE_URL_UNKNOWN: (f: { url: string }) =>
    `'${f.url}' is no warehouse that this version knows. Use duckdb:<path of a file>, as in duckdb:./.smallboat/warehouse.duckdb, duckdb::memory:, postgres://user@host/database, redshift://user@host/database, or snowflake://user@account/database/schema?warehouse=name.`,
  WAREHOUSE_URL_INVALID: (f: { url: string; problem: string; example: string }) =>
    `'${f.url}' is not complete: ${f.problem}. Write it like ${f.example}.`,
  WAREHOUSE_URL_SECRET: (f: { url: string; variable: string }) =>
    `'${f.url}' has a password in it. URLs are kept with runs and shown in messages, so it is not taken from there: put it into the environment variable ${f.variable}, and leave it out of the URL.`,
  WAREHOUSE_SDK_MISSING: (f: { location: string; packageName: string; problem: string }) =>
    `${f.location} needs the package ${f.packageName}, which is not installed. Run 'npm install ${f.packageName}'.`,
  WAREHOUSE_LOCKED: (f: { path: string; holder: string; waitedSeconds: number }) =>
    `${f.path} is in use by ${f.holder}; waited ${f.waitedSeconds} s. Wait for it to end or stop it, then try again. DuckDB lets one process write at a time.`,
  WAREHOUSE_NOT_THERE: (f: { path: string }) =>
    `There is no warehouse ${f.path} to read. Check the path, or make one by loading data into it.`,
  WAREHOUSE_NOT_OPENED: (f: { path: string; problem: string }) =>
    `${f.path} could not be opened: ${f.problem} Check that the path is right and may be written.`,
  WAREHOUSE_UNREACHABLE: (f: { location: string; problem: string }) =>
    `${f.location} cannot be reached: ${f.problem}. Check that it is up, and host, port and database of the URL.`,
  WAREHOUSE_LOGIN_REFUSED: (f: { location: string; problem: string; secret: string }) =>
    `${f.location} refused the login: ${f.problem}. Check the user in the URL and the password in ${f.secret}.`,
});
