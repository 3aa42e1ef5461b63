import * as z from 'zod';
import { renderDataDocs } from '../../quality/index.ts';
import type { Command } from '../command.ts';
import { PLACES, placesOf, placesShape } from './shared.ts';

const schema = z.object({ home: placesShape.home, json: z.boolean().default(false) });

/** `smallboat quality docs` */
export const docs: Command<typeof schema> = {
  name: 'quality',
  call: 'smallboat quality docs',
  summary: 'Write all pages of the data docs anew, from the results and their history.',
  example: 'smallboat quality docs --home .smallboat',
  schema,
  fromSettings: ['home'],
  flags: { home: PLACES.home, json: { type: 'boolean', help: 'print the path as JSON' } },
  async run(args, io) {
    const index = await renderDataDocs(placesOf(args, io).folder);
    io.out(args.json ? JSON.stringify({ index }) : index);
  },
};
