/** The folder for all that Smallboat writes, from the folder of the configuration, where nobody chose another. */
export const DEFAULT_HOME = '.smallboat';
