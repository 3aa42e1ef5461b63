import { expect, it } from 'vitest';
import type { ValidationResult } from '../run/result.ts';
import type { ActionConfig, ActionContext } from './action.ts';
import { runActions } from './actions.ts';

interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function result(success: boolean): ValidationResult {
  const expectation_config = { type: 'expect_x', kwargs: {}, meta: {}, severity: 'warning' as const };
  const exception_info = { raised_exception: false, exception_message: null, exception_traceback: null };
  return {
    success,
    results: [
      {
        success,
        expectation_config,
        result: { element_count: 10, unexpected_count: 3, unexpected_percent: 30 },
        meta: { sentence: 'a <b> & c' },
        exception_info,
      },
    ],
    suite_name: 's',
    suite_parameters: {},
    statistics: {
      evaluated_expectations: 1,
      successful_expectations: Number(success),
      unsuccessful_expectations: Number(!success),
      success_percent: success ? 100 : 0,
    },
    meta: {
      smallboat: {
        relation: 'orders',
        rows: 10,
        seconds: 0,
        statements: 1,
        quarantine: { table: 'q.orders', rows: 3 },
      },
    } as ValidationResult['meta'], // what actions read of it
    id: null,
  };
}

async function act(actions: readonly ActionConfig[], success = false, answers: readonly number[] = []) {
  const sent: Sent[] = [];
  const logged: Record<string, number> = {};
  const checkpoint = {
    success,
    isBlocking: !success,
    runName: 'nightly-7',
    indexPath: 'index.html',
    validations: [
      {
        name: 'orders',
        success,
        isBlocking: !success,
        result: result(success),
        resultPath: '',
        pagePath: 'orders.html',
      },
    ],
  };
  const outcomes = await runActions(actions, {
    checkpoint,
    env: { HOOK: 'https://hooks.slack.example/services/T0/s3cr3t', KEY: 'k1' },
    fetch: ((url: string, { headers, body }: { headers: Record<string, string>; body: string }) => {
      sent.push({ url, headers, body: JSON.parse(body) as unknown });
      const status = answers[sent.length - 1] ?? 200;
      return Promise.resolve(new Response('', { status }));
    }) as unknown as ActionContext['fetch'],
    pause: () => Promise.resolve(),
    logMetrics: (metrics) => Promise.resolve(void Object.assign(logged, metrics)),
  });
  return { outcomes: outcomes.map(({ status, message }) => [status, message]), sent, logged };
}

it('tells Slack what failed, with the address from the environment', async () => {
  const { outcomes, sent } = await act([
    { class_name: 'SlackNotificationAction', slack_webhook: '${HOOK}', notify_on: 'failure' },
  ]);
  expect(outcomes).toEqual([['done', 'told hooks.slack.example']]);
  expect(sent[0]?.url).toBe('https://hooks.slack.example/services/T0/s3cr3t');
  expect(sent[0]?.body).toEqual({
    text: ':x: *1 of 1 expectations failed in orders (nightly-7)*\n• orders: a &lt;b&gt; &amp; c. Found: 3 of 10 not (30 %)\n• 3 rows are in q.orders',
  });
});

it('tells nobody where nothing is to be told', async () => {
  const actions = [
    { type: 'slack', slack_webhook: '$HOOK', notify_on: 'failure' },
    { type: 'opsgenie', api_key: '$KEY' },
    { type: 'slack', slack_webhook: '$HOOK', notify_on: 'success' },
  ];
  expect((await act(actions, true)).outcomes.map(([status]) => status)).toEqual(['not due', 'not due', 'done']);
  expect((await act(actions, false)).outcomes.map(([status]) => status)).toEqual(['done', 'done', 'not due']);
});

it.each([
  ['critical', 'not due'],
  ['warning', 'done'],
  ['info', 'done'],
])('tells of failures that are %s at least: %s', async (notify_on, status) => {
  expect((await act([{ type: 'webhook', url: 'https://x.example', notify_on }])).outcomes[0]?.[0]).toBe(status);
});

it('sends each its own form', async () => {
  const { sent } = await act([
    { type: 'slack', slack_token: '$KEY', slack_channel: '#data' },
    { type: 'microsoft', teams_webhook: 'https://teams.example/x' },
    { type: 'opsgenie', api_key: '$KEY', region: 'eu', tags: ['a'] },
    { type: 'pagerduty', api_key: 'a', routing_key: '$KEY' },
    { type: 'api', url: 'https://api.example/v1' },
    { type: 'webhook', url: 'https://hook.example', headers: { 'x-team': 'data' } },
  ]);
  expect(sent.map(({ url }) => url)).toEqual([
    'https://slack.com/api/chat.postMessage',
    'https://teams.example/x',
    'https://api.eu.opsgenie.com/v2/alerts',
    'https://events.pagerduty.com/v2/enqueue',
    'https://api.example/v1',
    'https://hook.example',
  ]);
  expect(sent.map(({ headers }) => headers['authorization'] ?? headers['x-team'])).toEqual([
    'Bearer k1',
    undefined,
    'GenieKey k1',
    undefined,
    undefined,
    'data',
  ]);
  expect(sent[5]?.body).toMatchObject({ run_name: 'nightly-7', success: false, validations: [{ data: 'orders' }] });
});

it('logs figures, and says of its own doings that they are done', async () => {
  const { outcomes, logged } = await act([
    { type: 'metrics' },
    { type: 'update_data_docs' },
    { class_name: 'StoreValidationResultAction' },
  ]);
  expect(outcomes.map(([status]) => status)).toEqual(['done', 'done', 'done']);
  expect(logged).toEqual({
    'quality/orders/success_percent': 0,
    'quality/orders/failed': 1,
    'quality/orders/rows_set_aside': 3,
    'quality/orders/rows': 10,
  });
});

it('says what did not work, without the secrets in the address, and goes on', async () => {
  const { outcomes, sent } = await act(
    [
      { type: 'slack' },
      { type: 'slack', slack_webhook: '$HOOK' },
      { type: 'carrier_pigeon' },
      { type: 'email', smtp_address: 'x' },
      { type: 'webhook', url: 'nowhere' },
      { type: 'webhook', url: 'https://busy.example' },
    ],
    false,
    [403, 503, 429, 200],
  );
  expect(outcomes).toEqual([
    ['failed', expect.stringContaining('needs slack_webhook')],
    ['failed', expect.stringContaining('hooks.slack.example answered 403')],
    ['unsupported', expect.stringContaining('there is no action carrier_pigeon')],
    ['unsupported', expect.stringContaining('there is no action email')],
    ['failed', expect.stringContaining('it is no URL')],
    ['done', 'told busy.example'],
  ]);
  expect(JSON.stringify(outcomes)).not.toContain('s3cr3t');
  expect(sent.map(({ url }) => url)).toHaveLength(4);
});
