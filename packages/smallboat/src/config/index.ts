export { defineConfig, loadSettings } from './config.ts';
export type { LoadOptions, Settings } from './config.ts';
export { configErrors } from './errors.ts';
export type { Config, ProfileInput } from './schema.ts';
