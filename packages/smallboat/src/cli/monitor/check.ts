import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import { defineErrors, writeWhole } from '../../kernel/index.ts';
import type { Alarm, AlarmChannel } from '../../monitoring/index.ts';
import { checkAlarms, monitoringMetrics } from '../../monitoring/index.ts';
import type { Command } from '../command.ts';
import { MONITORED, monitoredBy, monitoredShape } from './monitored.ts';
import { Length } from './span.ts';

export const checkErrors = defineErrors({
  ALARM_RAISED: (f: { sentences: readonly string[]; page: string }) => `${f.sentences.join(' ')} See ${f.page}.`,
  ALARM_COMMAND_FAILED: (f: { command: string; ending: string }) =>
    `The command of --on-alarm (${f.command}) ${f.ending}. Its output is above; the next check runs it again.`,
});

const urls = z.array(z.url()).default([]);

const schema = z.object({
  ...monitoredShape,
  'false-alarms': z.coerce.number().gt(0).lt(1).default(0.01),
  expect: z.coerce.number().int().min(0).default(0),
  webhook: urls,
  slack: urls,
  'on-alarm': z.string().min(1).optional(),
  'again-after': Length.default(86_400_000),
  prometheus: z.string().optional(),
});

/**
 * `smallboat monitor check`: a report, and an alarm where something is wrong. Exits with 0 if nothing is, or if the command
 * of `--on-alarm` was run now and worked; with 1 while an alarm stands, or if it could not be told or acted on.
 */
export const check: Command<typeof schema> = {
  name: 'monitor',
  call: 'smallboat monitor check',
  summary: 'Raise an alarm if the logged predictions, or what became of them, are not as they were.',
  example: "smallboat monitor check --since 24h --on-alarm 'npm start'",
  schema,
  fromSettings: ['home'],
  flags: {
    ...MONITORED,
    'false-alarms': { type: 'string', help: 'share of checks that may raise an alarm for nothing (default 0.01)' },
    expect: { type: 'string', help: 'fewer predictions than this are an alarm (default 0)' },
    webhook: {
      type: 'string',
      multiple: true,
      help: 'address that gets alarms as JSON (also SMALLBOAT_ALARM_WEBHOOK)',
    },
    slack: { type: 'string', multiple: true, help: 'Slack incoming webhook (also SMALLBOAT_ALARM_SLACK)' },
    'on-alarm': { type: 'string', help: 'command that mends it: a new training, say' },
    'again-after': { type: 'string', help: 'tell and mend an alarm that stands again after this time (default 24h)' },
    prometheus: { type: 'string', help: 'write figures to this file, for the textfile collector of node_exporter' },
  },
  async run(args, io) {
    const monitored = await monitoredBy(args, io);
    const { 'on-alarm': command } = args;
    const checked = await checkAlarms({
      ...monitored.report,
      falseAlarmRate: args['false-alarms'],
      expected: args.expect,
      repeatMs: args['again-after'],
      statePath: join(monitored.home, 'monitoring', `alarms-${encodeURIComponent(args.model)}.json`),
      channels: channelsOf(args, io),
      async publish(report) {
        if (args.prometheus !== undefined) {
          await writeWhole(resolve(io.cwd, args.prometheus), monitoringMetrics(report, { expected: args.expect }));
        }
        return monitored.publish(report);
      },
      ...(command === undefined
        ? {}
        : { onAlarm: (alarms) => runCommandOf(command, { alarms, page: monitored.path, io }) }),
    });
    const { alarms, told, acted, resolved, report } = checked;
    if (args.json) {
      const { status, predictions, performance, estimated } = report;
      io.out(
        JSON.stringify(
          { alarms, told, acted, resolved, status, predictions, performance, estimated, page: monitored.path },
          null,
          2,
        ),
      );
    } else {
      io.out(alarms.length === 0 ? `No alarm. ${report.sentence}` : alarms.map(lineOf).join('\n'));
      if (resolved.length > 0) io.out(`Over: ${resolved.join(', ')}`);
      io.out(`Page: ${monitored.path}`);
    }
    if (alarms.length > 0 && acted.length === 0) {
      throw checkErrors.ALARM_RAISED({ sentences: alarms.map(({ sentence }) => sentence), page: monitored.path });
    }
  },
};

function lineOf({ kind, sentence }: Alarm): string {
  return `Alarm, ${kind}: ${sentence}`;
}

function channelsOf({ webhook, slack }: z.infer<typeof schema>, { env }: Io): AlarmChannel[] {
  const { SMALLBOAT_ALARM_WEBHOOK: ownHook, SMALLBOAT_ALARM_SLACK: ownSlack } = env;
  const all = (given: readonly string[], own: string | undefined): string[] => [...given, ...(own ? [own] : [])];
  return [
    ...all(webhook, ownHook).map((url) => ({ kind: 'webhook', url }) as const),
    ...all(slack, ownSlack).map((url) => ({ kind: 'slack', url }) as const),
  ];
}

interface Occasion {
  readonly alarms: readonly Alarm[];
  readonly page: string;
  readonly io: Io;
}

/** Runs a command line in a shell; what it prints goes to standard error. @throws ALARM_COMMAND_FAILED */
async function runCommandOf(command: string, { alarms, page, io }: Occasion): Promise<void> {
  const child = spawn(command, {
    shell: true,
    cwd: io.cwd,
    env: {
      ...io.env,
      SMALLBOAT_ALARMS: alarms.map(({ kind }) => kind).join(','),
      SMALLBOAT_ALARM_PAGE: page,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => io.draw(text));
  }
  const ending = await new Promise<string | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(code === 0 ? undefined : code === null ? `was ended by ${signal ?? 'a signal'}` : `ended with ${code}`);
    });
  });
  if (ending !== undefined) throw checkErrors.ALARM_COMMAND_FAILED({ command, ending });
}
