import { runStoreErrors } from './run-store.ts';
import type { TagChange } from './run-store.ts';

const { TAG_REFUSED } = runStoreErrors;

/** Metaflow's limits: tags that a run may have of its user, and characters that one may have. */
const MOST_TAGS = 50;
const MOST_CHARACTERS = 500;

/** A tag that is none for Metaflow. Throws `TAG_REFUSED`. */
export function checkTags(tags: readonly string[]): void {
  for (const tag of tags) {
    if (tag === '') throw TAG_REFUSED({ tag, problem: 'a tag has at least one character' });
    if (tag.length > MOST_CHARACTERS) {
      throw TAG_REFUSED({ tag: `${tag.slice(0, 20)}…`, problem: `a tag has at most ${MOST_CHARACTERS} characters` });
    }
    if (!tag.isWellFormed()) throw TAG_REFUSED({ tag, problem: 'it is not text that UTF-8 can hold' });
  }
  if (new Set(tags).size > MOST_TAGS) {
    throw TAG_REFUSED({ tag: tags.at(-1) ?? '', problem: `a run has at most ${MOST_TAGS} tags; remove some first` });
  }
}

/**
 * The tags of a run after a change, by Metaflow's rules: those to remove go first; a system tag is never removed, and is not added a
 * second time. Throws `TAG_REFUSED`.
 */
export function changedTags(
  now: { readonly tags: readonly string[]; readonly systemTags: readonly string[] },
  { add = [], remove = [] }: TagChange,
): readonly string[] {
  const system = new Set(now.systemTags);
  const taken = remove.find((tag) => system.has(tag));
  if (taken !== undefined) throw TAG_REFUSED({ tag: taken, problem: 'it is a system tag, which stays' });
  const going = new Set(remove);
  const kept = now.tags.filter((tag) => !going.has(tag));
  const tags = [...new Set([...kept, ...add.filter((tag) => !system.has(tag))])];
  // A run that has too many already may have some of them taken away.
  checkTags(tags.length > now.tags.length ? tags : []);
  for (const tag of add) checkTags([tag]);
  return tags;
}
