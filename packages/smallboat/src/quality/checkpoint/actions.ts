import { SmallboatError } from '../../kernel/index.ts';
import type { Severity } from '../suite/suite.ts';
import type { ActionConfig, ActionContext } from './action.ts';
import type { ActionOutcome } from './checkpoint-result.ts';
import { failedOf, isAsSevere } from './checkpoint-result.ts';
import { ACTIONS } from './messages.ts';

/** Runs the actions of a checkpoint. One that fails is said to have failed, and the others run. */
export async function runActions(
  actions: readonly ActionConfig[],
  given: Partial<Omit<ActionContext, 'checkpoint'>> & Pick<ActionContext, 'checkpoint'>,
): Promise<readonly ActionOutcome[]> {
  const context: ActionContext = {
    fetch: given.fetch ?? globalThis.fetch,
    pause: given.pause ?? ((milliseconds) => new Promise((resolve) => void setTimeout(resolve, milliseconds))),
    env: given.env ?? {},
    logMetrics: given.logMetrics ?? (() => Promise.resolve()),
    checkpoint: given.checkpoint,
  };
  const outcomes: ActionOutcome[] = [];
  for (const written of actions) outcomes.push(await runOne(written, context));
  return outcomes;
}

async function runOne(written: ActionConfig, context: ActionContext): Promise<ActionOutcome> {
  const options = withVariables(written, context.env);
  const type = typeOf(options);
  const name = options.name ?? type;
  const action = ACTIONS[type];
  if (action === undefined) {
    return {
      name,
      status: 'unsupported',
      message: `there is no action ${type}; there are ${Object.keys(ACTIONS).join(', ')}`,
    };
  }
  if (!isDue(options, action.dueOn, context.checkpoint)) return { name, status: 'not due', message: 'nothing to tell' };
  try {
    return { name, status: 'done', message: await action.run({ name, options, context }) };
  } catch (error) {
    if (!(error instanceof SmallboatError)) throw error;
    return { name, status: 'failed', message: error.message };
  }
}

/** `SlackNotificationAction` and `slack` are the same. */
function typeOf({ type, class_name }: ActionConfig): string {
  if (typeof type === 'string') return type;
  const name = typeof class_name === 'string' ? class_name : 'none';
  return OLD_NAMES[name] ?? name;
}

const OLD_NAMES: Readonly<Record<string, string>> = {
  StoreValidationResultAction: 'store_validation_result',
  StoreEvaluationParametersAction: 'store_evaluation_parameters',
  StoreMetricsAction: 'metrics',
  UpdateDataDocsAction: 'update_data_docs',
  SlackNotificationAction: 'slack',
  MicrosoftTeamsNotificationAction: 'microsoft',
  OpsgenieAlertAction: 'opsgenie',
  PagerdutyAlertAction: 'pagerduty',
  APINotificationAction: 'api',
  EmailAction: 'email',
  SNSNotificationAction: 'sns',
};

type Due = 'all' | 'success' | 'failure' | Severity;

function isDue(
  { notify_on }: ActionConfig,
  usual: Due,
  { success, validations }: ActionContext['checkpoint'],
): boolean {
  const due = typeof notify_on === 'string' ? notify_on : usual;
  if (due === 'all') return true;
  if (due === 'success') return success;
  if (due !== 'critical' && due !== 'warning' && due !== 'info') return !success;
  return validations.some(
    (v) => v.result.meta.smallboat.problem !== undefined || failedOf(v).some((f) => isAsSevere(f.severity, due)),
  );
}

/** `${NAME}` and `$NAME` of texts, from the environment. */
function withVariables(config: ActionConfig, env: ActionContext['env']): ActionConfig {
  const filled = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replace(
        /\$\{(\w+)\}|^\$(\w+)$/g,
        (_, a: string | undefined, b: string | undefined) => env[a ?? b ?? ''] ?? '',
      );
    if (Array.isArray(value)) return value.map(filled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]: [string, unknown]) => [key, filled(item)]));
  };
  return filled(config) as ActionConfig; // the same shape
}
