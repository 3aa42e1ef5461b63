/** An entrance of its own: who only serves does not load what deploys. */
export { costErrors, estimateCost } from './cost.ts';
export type { CostEstimate, CostQuestion } from './cost.ts';
export { deployRelease } from './deploy-release.ts';
export type { DeployReleaseOptions } from './deploy-release.ts';
export { lambdaTarget } from './lambda-target.ts';
export type { LambdaTargetOptions } from './lambda-target.ts';
export { localTarget } from './local.ts';
export type { LocalTargetOptions } from './local.ts';
export { functionZip, imageFiles, packModel, packageErrors } from './package.ts';
export { sagemakerTarget } from './sagemaker-target.ts';
export type { SagemakerTargetOptions } from './sagemaker-target.ts';
export { serverlessFile } from './serverless.ts';
export { deployErrors } from './target.ts';
export type { DeployOptions, DeployTarget, Deployment, Release } from './target.ts';
export { lambdaTemplate, sagemakerTemplate } from './template.ts';
export type { Template, TemplateOptions } from './template.ts';
export { writeDeployFiles } from './write-files.ts';
export type { WriteFilesOptions } from './write-files.ts';
