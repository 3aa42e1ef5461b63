import type { VerbOptions, VerbSession } from './session.ts';
import { beginVerb, noteManifest } from './session.ts';

/** Reads the project and writes manifest.json. */
export async function parse(options: VerbOptions): Promise<VerbSession> {
  const session = await beginVerb('parse', options);
  await noteManifest(session, options);
  return session;
}
