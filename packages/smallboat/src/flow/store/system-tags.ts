import { VERSION } from '../../kernel/index.ts';

const ORIGIN = 'origin-run-id:';
const OURS = 'smallboat_version:';

/** The system tags of a new run, beside that of its user: as Metaflow has them, and what a listing shows without reading more than the run. */
export function systemTagsOf({ origin }: { readonly origin?: string }): readonly string[] {
  return [
    'runtime:dev',
    `${OURS}${VERSION}`,
    `node_version:${process.versions.node}`,
    ...(origin === undefined ? [] : [`${ORIGIN}${origin}`]),
  ];
}

/** The run that one continues, by its system tags. */
export function originIn(systemTags: readonly string[]): string | undefined {
  return systemTags.find((tag) => tag.startsWith(ORIGIN))?.slice(ORIGIN.length);
}

/** Whether a run says all that we know of it by its tags: not so those that version 0.1 made, which have none of ours. */
export function saysItsOrigin(systemTags: readonly string[]): boolean {
  return systemTags.some((tag) => tag.startsWith(OURS));
}
