import * as z from 'zod';
import { defineErrors } from '../../kernel/index.ts';
import type { Command } from '../command.ts';
import { examine } from '../doctor/checks.ts';

export const doctorErrors = defineErrors({
  DOCTOR_FOUND: (f: { failed: number; of: number }) =>
    `${f.failed} of ${f.of} checks failed. Each has its way out beside it, above.`,
});

const schema = z.object({
  home: z.string().optional(),
  json: z.boolean().default(false),
});

const SIGNS = { ok: 'ok  ', note: 'note', failed: 'FAIL' } as const;

/** `smallboat doctor` */
export const command: Command<typeof schema> = {
  name: 'doctor',
  summary:
    'Say what is configured, what answers and what is missing, each with the way out. Exits with 1 if something does not work.',
  example: 'smallboat doctor',
  schema,
  flags: {
    home: { type: 'string', help: 'folder that the runs are in (default .smallboat, or what is configured)' },
    json: { type: 'boolean', help: 'print the findings as JSON' },
  },
  async run({ json, ...args }, io) {
    const findings = await examine(args, io);
    if (json) io.out(JSON.stringify(findings));
    else {
      const width = Math.max(...findings.map(({ area }) => area.length));
      for (const { area, state, found, fix } of findings) {
        io.out(`${SIGNS[state]}  ${area.padEnd(width)}  ${found}`);
        if (fix !== undefined) io.out(`${' '.repeat(width + 8)}→ ${fix}`);
      }
    }
    const failed = findings.filter(({ state }) => state === 'failed').length;
    if (failed > 0) throw doctorErrors.DOCTOR_FOUND({ failed, of: findings.length });
  },
};
