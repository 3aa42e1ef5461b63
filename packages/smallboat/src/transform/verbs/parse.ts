import { writeManifest } from '../artifacts/manifest.ts';
import type { VerbOptions, VerbSession } from './session.ts';
import { beginVerb } from './session.ts';

/** Reads the project and writes manifest.json. */
export async function parse(options: VerbOptions): Promise<VerbSession> {
  const session = await beginVerb('parse', options);
  if (options.writeJson !== false) await writeManifest(session.targetFolder, session.project);
  return session;
}
