import { openTelemetry } from '../../telemetry/index.ts';
import { lambdaHandler } from './lambda-handler.ts';
import { lambdaSettings } from './lambda-settings.ts';

const settings = lambdaSettings(process.env);
const write = (line: string): void => void process.stdout.write(`${line}\n`);
const telemetry = openTelemetry({ env: process.env, serviceName: settings.endpointName, warn: write });

/** `run/function.handler` of the package. The model is loaded while Lambda starts the function, not with its first request. */
export const handler = await lambdaHandler({ ...settings, write, ...(telemetry === undefined ? {} : { telemetry }) });
