/** What makes components, without what draws them: an entrance for processes that only note what a card shall have. */
export { artifact, briefOf } from '../brief.ts';
export { errorOf } from '../error-of.ts';
export { image } from '../image.ts';
export { plainOf } from '../plain.ts';
