import { wiringErrors } from './compose/errors.ts';
import type { StepOptions } from './options.ts';

const COMPUTES: readonly unknown[] = ['local', 'batch', 'kubernetes'];

/** Checks what a step says of itself. Throws `STEP_OPTION_INVALID`, for the first that is wrong. */
export function checkOptions(step: string, options: StepOptions): void {
  const { retry, timeoutSeconds, resources = {}, compute, image, secrets = [] } = options;
  const fail = (option: string, value: unknown, wanted: string): never => {
    throw wiringErrors.STEP_OPTION_INVALID({ step, option, value, wanted });
  };
  if (retry && !(Number.isInteger(retry.times) && retry.times >= 0)) {
    fail('retry.times', retry.times, 'a whole number, at least 0');
  }
  if (retry?.backoffSeconds !== undefined && !(retry.backoffSeconds >= 0)) {
    fail('retry.backoffSeconds', retry.backoffSeconds, 'a number of seconds, at least 0');
  }
  if (timeoutSeconds !== undefined && !(timeoutSeconds > 0)) {
    fail('timeoutSeconds', timeoutSeconds, 'a number of seconds above 0');
  }
  for (const [name, amount] of Object.entries(resources) as [string, unknown][]) {
    const isEnough =
      typeof amount === 'number' && Number.isFinite(amount) && (name === 'gpu' ? amount >= 0 : amount > 0);
    if (!isEnough) fail(`resources.${name}`, amount, name === 'gpu' ? 'a number, at least 0' : 'a number above 0');
  }
  if (compute !== undefined && !COMPUTES.includes(compute)) fail('compute', compute, `one of ${COMPUTES.join(', ')}`);
  if (image !== undefined && image.trim() === '') fail('image', `'${image}'`, 'the name of a container image');
  for (const secret of secrets) {
    if (!/^[\w-]+\..+$/.test(secret))
      fail('secrets', `'${secret}'`, `named by its keeper, as 'aws-secrets-manager.db'`);
  }
}
