export { packArchive } from './archive.ts';
