import { defineErrors } from '../../kernel/index.ts';

/** What stores that are elsewhere throw, whatever they are. */
export const remoteErrors = defineErrors({
  STORE_UNREACHABLE: (f: { location: string; problem: string }) =>
    `${f.location} cannot be asked: ${f.problem}. Is the address right, and is it up? 'smallboat doctor' says what is configured and what answers.`,
  STORE_DENIED: (f: { location: string; problem: string }) =>
    `${f.location} refuses: ${f.problem}. Which credentials are used, and what may they do? 'smallboat doctor' says.`,
});
