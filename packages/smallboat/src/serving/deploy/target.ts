import { defineErrors } from '../../kernel/index.ts';
import type { CanaryRule } from '../canary.ts';

/** What is deployed. */
export interface Release {
  /** Name of the endpoint: one for ever, whatever model answers. Letters, digits and `-`, up to 40. */
  readonly name: string;
  readonly modelFolder: string;
  /** Version in the model's manifest. */
  readonly modelVersion: string;
}

export interface DeployOptions {
  /** Try it on a share of the requests first. Without it the change is at once. */
  readonly canary?: Partial<CanaryRule> & {
    /** How long the trial may take before it counts as failed, where the target judges it while we wait. Default 600. */
    readonly seconds?: number;
  };
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What answers under a name. */
export interface Deployment {
  readonly name: string;
  /** `trial`: a new model answers a share of the requests. `changing`: the target is at work. */
  readonly state: 'up' | 'trial' | 'changing' | 'failed' | 'absent';
  readonly url?: string;
  readonly modelVersion?: string;
  /** What `rollback` goes back to. */
  readonly previous?: string;
  /** In the target's own words. */
  readonly detail?: string;
}

/** What goes along with a prediction. */
export interface Asked {
  /** Where the question is in a trace, as W3C's header has it. */
  readonly traceParent?: string;
}

/**
 * Where endpoints are deployed to. An endpoint has one name; a new model is made ready beside the one in use and takes its place, which is
 * kept for a rollback; older ones are removed. A deployment that fails leaves what was there.
 */
export interface DeployTarget extends AsyncDisposable {
  /** For messages: `local`, `sagemaker in eu-west-1`. */
  readonly location: string;
  /** Creates the endpoint, or changes it. Resolves when it answers with the new model, or tries it. Rejects with `DEPLOY_FAILED`. */
  deploy(release: Release, options: DeployOptions): Promise<Deployment>;
  /** One prediction by the way that clients take. Rejects with `DEPLOYMENT_UNKNOWN`. */
  predict(name: string, session: readonly string[], asked?: Asked): Promise<number>;
  status(name: string): Promise<Deployment>;
  /** The last lines of its log, the oldest first. Rejects with `DEPLOYMENT_UNKNOWN`. */
  logs(name: string, lines: number): Promise<readonly string[]>;
  /** Puts the model before back in use. Rejects with `DEPLOYMENT_UNKNOWN`, `NO_PREVIOUS_MODEL`. */
  rollback(name: string): Promise<Deployment>;
  /** Takes it down with all that was made for it. Nothing there is no error. */
  destroy(name: string): Promise<void>;
}

export const deployErrors = defineErrors({
  DEPLOYMENT_UNKNOWN: (f: { name: string; location: string }) =>
    `There is no endpoint '${f.name}' (${f.location}). Deploy it first, or give its --name.`,
  DEPLOY_FAILED: (f: { name: string; location: string; problem: string }) =>
    `The endpoint '${f.name}' (${f.location}) was not changed: ${f.problem}. What answered before still does.`,
  NO_PREVIOUS_MODEL: (f: { name: string; location: string }) =>
    `The endpoint '${f.name}' (${f.location}) has no model before the one in use. Deploy the version that you want.`,
  SMOKE_FAILED: (f: { name: string; session: string; expected: number; found: string; done: string }) =>
    `The endpoint '${f.name}' answers ${f.found} for the session ${f.session}, and the model itself ${f.expected}. ${f.done}`,
  TARGET_SETTING_MISSING: (f: { target: string; setting: string; how: string }) =>
    `To deploy to ${f.target}, ${f.setting} must be known. Give it with ${f.how}.`,
  ENDPOINT_NAME_INVALID: (f: { name: string }) =>
    `'${f.name}' is no name for an endpoint: letters, digits and single '-' between, 40 characters at most.`,
});
