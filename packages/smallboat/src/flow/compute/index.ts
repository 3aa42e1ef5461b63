/** An entrance of its own: what starts jobs of services is loaded where a step wants it, and is no part of a code package. */
export { type PackedCode, packCode, readPackage } from './code/code-package.ts';
export { DEFAULT_NEEDS, type JobShape, jobDefinition } from './batch/job-definition.ts';
export { jobTags } from './batch/job-names.ts';
export { packProgram } from './code/program.ts';
export { codeOfRun } from './code-of-run.ts';
export { dockerfile } from './dockerfile.ts';
export { type ComputeOptions, openCompute, openService } from './open-compute.ts';
export { jobManifest } from './kubernetes/manifest.ts';
export { policies } from './policy.ts';
export type { UnfinishedJob } from './service.ts';
export { computeSettings, settingsIn } from './settings.ts';
export { bootstrapCommand } from './task/bootstrap-command.ts';
