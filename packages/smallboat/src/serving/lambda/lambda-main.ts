import { fileURLToPath } from 'node:url';
import { openTelemetry } from '../../telemetry/index.ts';
import { lambdaHandler } from './lambda-handler.ts';
import { lambdaSettings } from './lambda-settings.ts';

/** In a package the URL of the program, in the folder `run`: whoever packs it keeps it there. */
const { __smallboat_run: program } = globalThis as { readonly __smallboat_run?: string };
// Not where LAMBDA_TASK_ROOT says: stand-ins for Lambda unpack the package elsewhere.
const root = program === undefined ? '.' : fileURLToPath(new URL('..', program));
const settings = lambdaSettings(process.env, root);
const write = (line: string): void => void process.stdout.write(`${line}\n`);
const telemetry = openTelemetry({ env: process.env, serviceName: settings.endpointName, warn: write });

/** `run/function.handler` of the package. The model is loaded while Lambda starts the function, not with its first request. */
export const handler = await lambdaHandler({ ...settings, write, ...(telemetry === undefined ? {} : { telemetry }) });
