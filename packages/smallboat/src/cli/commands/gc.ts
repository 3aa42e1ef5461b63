import * as z from 'zod';
import { type Collected, collectGarbage } from '../../flow/index.ts';
import { textTable } from '../../report/index.ts';
import type { Command } from '../command.ts';
import { flowSettings } from '../flow-settings.ts';
import { milliseconds, sizeOf } from '../quantities.ts';

const age = z.string().transform((text, context) => {
  const found = milliseconds(text);
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: `an age, as 90m, 12h, 30d or 2w, not ${text}` });
  return z.NEVER;
});

const schema = z.object({
  flow: z.string().optional(),
  'older-than': age.optional(),
  keep: z.coerce.number().int().min(0).optional(),
  'keep-tag': z.array(z.string().min(1)).default([]),
  'dry-run': z.boolean().default(false),
  home: z.string().optional(),
  namespace: z.string().default(''),
  json: z.boolean().default(false),
});

/** `smallboat gc intent --older-than 30d --keep 10 --keep-tag prod` */
export const command: Command<typeof schema> = {
  name: 'gc',
  summary:
    'Delete runs, and then artifacts that nothing names. Without --older-than and --keep only the latter. Runs that go on are kept.',
  example: 'smallboat gc --older-than 30d --keep 10 --keep-tag prod --dry-run',
  positionals: ['flow'],
  schema,
  flags: {
    'older-than': { type: 'string', help: 'delete runs that began longer ago: 90m, 12h, 30d, 2w' },
    keep: { type: 'string', help: 'keep the newest so many of each flow' },
    'keep-tag': { type: 'string', multiple: true, help: 'keep runs with this tag; may be repeated' },
    'dry-run': { type: 'boolean', help: 'say what would be deleted, and delete nothing' },
    home: { type: 'string', help: 'folder that the runs are in (default .smallboat, or what is configured)' },
    namespace: { type: 'string', help: 'delete only runs of this namespace: user:ada (default: of all)' },
    json: { type: 'boolean', help: 'print what was deleted as JSON' },
  },
  async run({ flow, 'older-than': keepFor, keep, 'keep-tag': keepTags, 'dry-run': isDry, json, ...args }, io) {
    const { store } = await flowSettings(args, io);
    const collected = await collectGarbage(store, {
      keepTags,
      isDry,
      namespace: args.namespace,
      ...(flow === undefined ? {} : { flow }),
      ...(keepFor === undefined ? {} : { keepFor }),
      ...(keep === undefined ? {} : { keepNewest: keep }),
      ...(io.isTerminal ? { onProgress: (message) => io.draw(`\r\u001B[2K${message}`) } : {}),
    });
    if (io.isTerminal) io.draw('\r\u001B[2K');
    if (json) return io.out(JSON.stringify({ dryRun: isDry, ...collected }));
    for (const line of linesOf(collected, isDry)) io.out(line);
  },
};

/** Runs that are listed one by one. */
const LISTED = 20;

function linesOf({ runs, runsKept, blobs, blobBytes, bytes, passedOver }: Collected, isDry: boolean): string[] {
  const rows = runs
    .slice(0, LISTED)
    .map(({ flow, run, createdAt, bytes: size }) => [
      `${flow}/${run}`,
      new Date(createdAt).toISOString().slice(0, 19).replace('T', ' '),
      sizeOf(size),
    ]);
  const more = runs.length > LISTED ? [`and ${runs.length - LISTED} more`] : [];
  const done = isDry ? 'Would delete' : 'Deleted';
  return [
    ...(rows.length > 0 ? textTable(['run', 'began', 'files'], rows) : []),
    ...more,
    ...passedOver.map(
      ({ flow, run }) => `Artifacts of ${flow} were passed over: its run ${run}, which Python made, may be going on.`,
    ),
    `${done} ${count(runs.length, 'run')} and ${count(blobs, 'artifact')} that nothing names (${sizeOf(blobBytes)}): ${sizeOf(bytes)} ${isDry ? 'would be' : 'are'} free. ${count(runsKept, 'run')} kept.`,
  ];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
