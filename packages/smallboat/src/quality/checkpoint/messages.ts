import { formatNumber } from '../../report/index.ts';
import type { ActionConfig, ActionContext } from './action.ts';
import { actionErrors } from './action-errors.ts';
import { failedOf } from './checkpoint-result.ts';
import { post } from './post.ts';

interface Act {
  readonly name: string;
  readonly options: ActionConfig;
  readonly context: ActionContext;
}

interface Action {
  /** When it is done where its options do not say. */
  readonly dueOn: 'all' | 'failure';
  /** @returns what was done, in words. */
  run(act: Act): Promise<string>;
}

/** Failed expectations that a message lists. */
const LISTED = 10;

/** Done by every checkpoint, whatever its actions are. */
const always = (said: string): Action => ({ dueOn: 'all', run: () => Promise.resolve(said) });

/** The actions there are, by their type. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  store_validation_result: always('results are stored'),
  store_evaluation_parameters: always('figures are kept for later suites'),
  update_data_docs: always('pages are written'),
  metrics: {
    dueOn: 'all',
    async run({ context }) {
      const metrics = metricsOf(context.checkpoint);
      await context.logMetrics(metrics);
      return `${Object.keys(metrics).length} figures logged`;
    },
  },
  slack: {
    dueOn: 'all',
    async run(act) {
      const { options } = act;
      const text = slackText(act.context.checkpoint, options['show_failed_expectations'] !== false);
      const token = textOf(options, 'slack_token');
      if (token !== '') {
        const channel = required(act, 'slack_channel');
        return post(
          act,
          'https://slack.com/api/chat.postMessage',
          { channel, text },
          { authorization: `Bearer ${token}` },
        );
      }
      return post(act, required(act, 'slack_webhook'), { text });
    },
  },
  microsoft: {
    dueOn: 'all',
    run: (act) =>
      post(
        act,
        required(act, textOf(act.options, 'teams_webhook') === '' ? 'microsoft_teams_webhook' : 'teams_webhook'),
        teamsCard(act.context.checkpoint),
      ),
  },
  opsgenie: {
    dueOn: 'failure',
    run(act) {
      const { options, context } = act;
      const region = textOf(options, 'region');
      const host = region === '' || region === 'us' ? 'api.opsgenie.com' : `api.${region}.opsgenie.com`;
      const body = {
        message: headline(context.checkpoint).slice(0, 130),
        description: lines(context.checkpoint).join('\n'),
        priority: textOf(options, 'priority') || 'P3',
        tags: Array.isArray(options['tags']) ? options['tags'] : [],
      };
      return post(act, `https://${host}/v2/alerts`, body, { authorization: `GenieKey ${required(act, 'api_key')}` });
    },
  },
  pagerduty: {
    dueOn: 'failure',
    run(act) {
      const { options, context } = act;
      const payload = {
        summary: headline(context.checkpoint),
        source: 'smallboat quality',
        severity: textOf(options, 'severity') || 'critical',
        custom_details: { failed: lines(context.checkpoint) },
      };
      const body = {
        routing_key: required(act, 'routing_key'),
        event_action: 'trigger',
        payload,
        dedup_key: context.checkpoint.runName,
      };
      return post(act, 'https://events.pagerduty.com/v2/enqueue', body);
    },
  },
  api: { dueOn: 'all', run: (act) => post(act, required(act, 'url'), webhookBody(act.context.checkpoint)) },
  webhook: {
    dueOn: 'all',
    run: (act) => post(act, required(act, 'url'), webhookBody(act.context.checkpoint), headersOf(act.options)),
  },
};

type Checkpoint = ActionContext['checkpoint'];

function textOf(options: ActionConfig, key: string): string {
  const value = options[key];
  return typeof value === 'string' ? value : '';
}

function required({ name, options }: Act, option: string): string {
  const value = textOf(options, option);
  if (value === '') throw actionErrors.ACTION_OPTION_MISSING({ action: name, option });
  return value;
}

function headersOf({ headers }: ActionConfig): Readonly<Record<string, string>> {
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(Object.entries(headers).map(([key, value]: [string, unknown]) => [key, String(value)]));
}

/** One line: how many of how many failed, in which data. */
function headline({ validations, runName, success }: Checkpoint): string {
  const all = validations.reduce((n, v) => n + v.result.results.length, 0);
  if (success) return `All ${all} expectations hold (${runName})`;
  const broken = validations.filter((v) => !v.success);
  const failed = broken.reduce((n, v) => n + failedOf(v).length, 0);
  return `${failed} of ${all} expectations failed in ${broken.map((v) => v.name).join(', ')} (${runName})`;
}

/** A line for each failed expectation, without values of the data: these stay in the warehouse. */
function lines({ validations }: Checkpoint): readonly string[] {
  const failed = validations.flatMap(failedOf);
  const problems = validations.flatMap(({ name, result: { meta } }) =>
    meta.smallboat.problem === undefined ? [] : [`${name}: ${meta.smallboat.problem.message}`],
  );
  const listed = failed.slice(0, LISTED).map((f) => `${f.data}: ${f.expectation}. Found: ${f.found}`);
  const rest = failed.length - listed.length;
  const rows = validations.flatMap(({ result }) => result.meta.smallboat.quarantine ?? []);
  return [
    ...problems,
    ...listed,
    ...(rest > 0 ? [`and ${rest} more`] : []),
    ...rows.map((q) => `${formatNumber(q.rows)} rows are in ${q.table}`),
  ];
}

function slackText(checkpoint: Checkpoint, withFailed: boolean): string {
  const escaped = (text: string): string =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const sign = checkpoint.success ? ':white_check_mark:' : ':x:';
  const rest = withFailed ? lines(checkpoint).map((line) => `\n• ${escaped(line)}`) : [];
  return `${sign} *${escaped(headline(checkpoint))}*${rest.join('')}`;
}

function teamsCard(checkpoint: Checkpoint): object {
  const block = (text: string, weight: string): object => ({ type: 'TextBlock', text, wrap: true, weight });
  const body = [block(headline(checkpoint), 'bolder'), ...lines(checkpoint).map((line) => block(line, 'default'))];
  const content = {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: '1.4',
    body,
  };
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] };
}

/** What a program gets: figures and words of each validation, no values of the data. */
function webhookBody(checkpoint: Checkpoint): object {
  const { runName, success, isBlocking, validations } = checkpoint;
  return {
    run_name: runName,
    success,
    is_blocking: isBlocking,
    validations: validations.map((v) => ({
      data: v.name,
      suite: v.result.suite_name,
      success: v.success,
      statistics: v.result.statistics,
      quarantine: v.result.meta.smallboat.quarantine,
      ...(v.result.meta.smallboat.problem === undefined ? {} : { problem: v.result.meta.smallboat.problem }),
      failed: failedOf(v).map(({ expectation, severity, found }) => ({ expectation, severity, found })),
    })),
  };
}

function metricsOf({ validations }: Checkpoint): Readonly<Record<string, number>> {
  return Object.fromEntries(
    validations.flatMap(({ name, result }): (readonly [string, number])[] => [
      [`quality/${name}/success_percent`, result.statistics.success_percent ?? 100],
      [`quality/${name}/failed`, result.statistics.unsuccessful_expectations],
      [`quality/${name}/rows_set_aside`, result.meta.smallboat.quarantine?.rows ?? 0],
      ...(typeof result.meta.smallboat.rows === 'number'
        ? [[`quality/${name}/rows`, result.meta.smallboat.rows] as const]
        : []),
    ]),
  );
}
