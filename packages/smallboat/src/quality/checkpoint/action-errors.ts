import { defineErrors } from '../../kernel/index.ts';

export const actionErrors = defineErrors({
  ACTION_OPTION_MISSING: (f: { action: string; option: string }) =>
    `The action ${f.action} needs ${f.option}. Write it into the checkpoint, as \${NAME} where it is a secret, and set the variable.`,
  ACTION_REFUSED: (f: { action: string; host: string; status: number }) =>
    `${f.host} answered ${f.status} to the message of ${f.action}. Check its address and token.`,
  ACTION_UNREACHABLE: (f: { action: string; host: string; problem: string }) =>
    `${f.host} could not be reached for ${f.action}: ${f.problem}. Check the address, and whether this machine may reach it.`,
});
