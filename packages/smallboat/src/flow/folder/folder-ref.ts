import { defineErrors } from '../../kernel/index.ts';

export const folderErrors = defineErrors({
  FOLDER_NOT_STORABLE: (f: { path: string; problem: string }) =>
    `${f.path} cannot be kept: ${f.problem}. A folder of plain files can, or one file.`,
  FOLDER_REF_INVALID: (f: { problem: string }) =>
    `This is no folder that a step kept: ${f.problem}. Hand on what context.saveFolder() gave, as an artifact.`,
});

/** A folder that a step kept, as plain data: an artifact like any other, however large the folder is. */
export interface FolderRef {
  readonly kind: 'folder';
  /** The flow that it was kept for. */
  readonly flow: string;
  /** Of all files together. */
  readonly bytes: number;
  readonly files: readonly FileRef[];
  /** What whoever kept it wants known of it. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface FileRef {
  /** In the folder, its parts divided by `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Keys of its content in the store, piece by piece: an artifact's name is its content's hash. */
  readonly parts: readonly string[];
}
