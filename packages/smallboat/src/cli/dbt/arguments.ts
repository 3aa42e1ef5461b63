import * as z from 'zod';
import { IGNORED, IGNORED_WITH_VALUE, VERBS } from './verbs.ts';

/** Flags that take all words up to the next flag: `--select a b`. */
const MANY: ReadonlySet<string> = new Set([
  '--select',
  '-s',
  '--models',
  '-m',
  '--model',
  '--exclude',
  '--resource-type',
  '--resource-types',
  '--exclude-resource-type',
  '--exclude-resource-types',
  '--output-keys',
]);
const RENAMED: Readonly<Record<string, string>> = {
  '--model': '--models',
  '--resource-types': '--resource-type',
  '--exclude-resource-types': '--exclude-resource-type',
};

/** The verb of a command line: its first word that is no flag; what is around it are its flags, as dbt takes them. */
export function verbOf(argv: readonly string[]): {
  readonly verb: string | undefined;
  readonly rest: readonly string[];
} {
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? '';
    if (!word.startsWith('-')) return { verb: word, rest: [...argv.slice(0, i), ...argv.slice(i + 1)] };
    // A global flag before the verb may have a value.
    const name = word.replace(/^--/, '');
    const flag = VERBS['build']?.flags[name];
    if (!word.includes('=') && (IGNORED_WITH_VALUE.has(name) || flag?.type === 'string')) i += 1;
  }
  return { verb: undefined, rest: argv };
}

/** A command line in which each flag has one value, without the flags that change nothing. */
export function oneEach(argv: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? '';
    const name = word.replace(/^--/, '').split('=')[0] ?? '';
    if (word.startsWith('--') && IGNORED.has(name)) continue;
    if (word.startsWith('--') && IGNORED_WITH_VALUE.has(name)) {
      if (!word.includes('=')) i += 1;
      continue;
    }
    const flag = RENAMED[word] ?? word;
    if (!MANY.has(word)) {
      // A negative number is a value: the reader of flags would take it for one of them.
      const isNegative = word.startsWith('--') && /^-\d/.test(argv[i + 1] ?? '');
      out.push(isNegative ? `${flag}=${argv[(i += 1)]}` : flag);
      continue;
    }
    let taken = 0;
    for (let next = argv[i + 1]; next !== undefined && (!next.startsWith('-') || taken === 0); next = argv[i + 1]) {
      out.push(flag, next);
      taken += 1;
      i += 1;
    }
    if (taken === 0) out.push(flag);
  }
  return out;
}

const Texts = z.array(z.string()).optional();

/** What the flags of all verbs come as. */
export const Arguments = z.looseObject({
  'project-dir': z.string().optional(),
  project: z.string().optional(),
  'profiles-dir': z.string().optional(),
  profile: z.string().optional(),
  target: z.string().optional(),
  vars: z.string().optional(),
  var: z.array(z.string().regex(/^[^=]+=/, 'name=value is needed')).default([]),
  'target-path': z.string().optional(),
  'target-folder': z.string().optional(),
  warehouse: z.string().optional(),
  home: z.string().default('.smallboat'),
  threads: z.coerce.number().int().positive().optional(),
  quiet: z.boolean().default(false),
  debug: z.boolean().default(false),
  'warn-error': z.boolean().optional(),
  'no-write-json': z.boolean().default(false),
  'no-version-check': z.boolean().default(false),
  json: z.boolean().default(false),
  select: Texts,
  models: Texts,
  exclude: Texts,
  selector: z.string().optional(),
  'resource-type': Texts,
  'exclude-resource-type': Texts,
  'indirect-selection': z.enum(['eager', 'cautious', 'buildable', 'empty']).optional(),
  state: z.string().optional(),
  defer: z.boolean().optional(),
  'no-defer': z.boolean().optional(),
  'defer-state': z.string().optional(),
  'favor-state': z.boolean().optional(),
  'full-refresh': z.boolean().optional(),
  'fail-fast': z.boolean().optional(),
  empty: z.boolean().optional(),
  sample: z.string().optional(),
  'event-time-start': z.string().optional(),
  'event-time-end': z.string().optional(),
  'store-failures': z.boolean().optional(),
  inline: z.string().optional(),
  'inline-direct': z.string().optional(),
  limit: z.coerce.number().int().optional(),
  output: z.string().optional(),
  'output-keys': Texts,
  args: z.string().optional(),
  show: z.boolean().default(false),
  what: z.string().optional(),
  macro: z.string().optional(),
  name: z.string().optional(),
  'empty-catalog': z.boolean().default(false),
  'no-compile': z.boolean().default(false),
  upgrade: z.boolean().default(false),
  lock: z.boolean().default(false),
  'add-package': z.string().optional(),
  source: z.string().optional(),
});

export type DbtArguments = z.infer<typeof Arguments>;
