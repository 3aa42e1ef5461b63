/** The version of this package, as its manifest has it: here, since reading the manifest takes longer than many a command needs. */
export const VERSION = '0.1.0';
