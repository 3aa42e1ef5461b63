import { lambdaHandler } from './lambda-handler.ts';
import { lambdaSettings } from './lambda-settings.ts';

/** `run/function.handler` of the package. The model is loaded while Lambda starts the function, not with its first request. */
export const handler = await lambdaHandler({
  ...lambdaSettings(process.env),
  write: (line) => process.stdout.write(`${line}\n`),
});
