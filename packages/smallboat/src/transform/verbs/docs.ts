import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageErrors, writeWhole } from '../../kernel/index.ts';
import type { Catalog } from '../artifacts/catalog.ts';
import { readCatalog, writeCatalog } from '../artifacts/catalog.ts';
import type { Project } from '../load.ts';
import { sitePage } from '../docs/site-page.ts';
import { siteData } from '../docs/site-data.ts';
import type { NodeLineage } from '../lineage/column-lineage.ts';
import { columnLineage } from '../lineage/column-lineage.ts';
import { WarehouseSession } from '../run/warehouse-session.ts';
import { compileFailureOf, runVerb } from './run-verbs.ts';
import type { VerbOptions } from './session.ts';
import { beginVerb } from './session.ts';

export interface DocsOptions extends VerbOptions {
  /** Do not ask the warehouse. */
  readonly isCatalogEmpty?: boolean;
  /** Take the SQL as it is, without compiling it. */
  readonly isUncompiled?: boolean;
}

export interface DocsResult {
  /** The page: one file that opens without a server. */
  readonly page: string;
  readonly nodes: number;
  readonly sources: number;
  readonly errors: readonly string[];
}

/** Writes manifest.json, catalog.json, and a page with all that a project says about its nodes: dbt's `docs generate`. */
export async function docsGenerate(options: DocsOptions): Promise<DocsResult> {
  const begun = await beginVerb('generate', options);
  const { project, targetFolder } = begun;
  if (options.isUncompiled !== true) {
    const results = await runVerb('compile', { ...options, begun, onNode: () => undefined });
    const failure = compileFailureOf(results);
    if (failure) throw failure;
  }
  copyAssets(project, targetFolder);
  const catalog = options.isCatalogEmpty === true ? EMPTY : await ask(options, begun);
  await writeCatalog(targetFolder, project, catalog);
  const page = join(targetFolder, 'index.html');
  const lineage = await lineageOf(options, begun.project, catalog);
  await writeWhole(join(targetFolder, 'column_lineage.json'), JSON.stringify(Object.fromEntries(lineage)), {
    sync: false,
  });
  await writeWhole(page, sitePage(siteData(project, catalog, lineage)), { sync: false });
  const counts = { nodes: Object.keys(catalog.nodes).length, sources: Object.keys(catalog.sources).length };
  return { page, ...counts, errors: catalog.errors };
}

/** The folders of `asset-paths` go beside the page, where descriptions look for their pictures. */
function copyAssets({ root }: Project, targetFolder: string): void {
  for (const path of root.project.assetPaths) {
    const from = join(root.folder, path);
    if (existsSync(from)) cpSync(from, join(targetFolder, path), { recursive: true });
  }
}

const EMPTY: Catalog = { nodes: {}, sources: {}, errors: [] };

async function ask(options: DocsOptions, begun: Awaited<ReturnType<typeof beginVerb>>): Promise<Catalog> {
  await using warehouse = await begun.open();
  const session = new WarehouseSession(warehouse, begun.project.invocation.adapter, {
    signal: options.signal,
    ...(options.onStatement ? { onStatement: options.onStatement } : {}),
  });
  const isChosen = options.select !== undefined || options.exclude !== undefined || options.selector !== undefined;
  const chosen = isChosen
    ? new Set(begun.choose(['model', 'seed', 'snapshot', 'source', 'test'], { mayBeEmpty: true }))
    : undefined;
  return await readCatalog(begun.project, session, chosen);
}

/** Without the parser the page does without the lineage of columns. */
async function lineageOf(
  options: DocsOptions,
  project: Parameters<typeof columnLineage>[0],
  catalog: Catalog,
): Promise<ReadonlyMap<string, NodeLineage>> {
  try {
    return await columnLineage(project, { ...catalog.nodes, ...catalog.sources });
  } catch (error) {
    if (!packageErrors.PACKAGE_MISSING.is(error)) throw error;
    options.onMessage?.(`without the lineage of columns: ${error.message}`);
    return new Map();
  }
}
