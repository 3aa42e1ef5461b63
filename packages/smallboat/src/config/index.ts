export { configErrors, defineConfig, loadSettings } from './config.ts';
export type { LoadOptions, ProfileInput, Settings } from './config.ts';
