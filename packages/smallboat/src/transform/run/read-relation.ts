import type { Session } from '../adapter/session.ts';
import type { SqlNode } from '../manifest/node.ts';
import { isEphemeral } from '../manifest/node.ts';
import type { Compiler } from './compiler.ts';

/** What a node reads as it stands in SQL, deferred or not; undefined where there is no table or view of it. */
export async function readRelation(
  compiler: Compiler,
  session: Session,
  { reader, id }: { readonly reader: SqlNode; readonly id: string },
): Promise<string | undefined> {
  const read = compiler.options.invocation.manifest.get(id);
  if (!read || isEphemeral(read)) return undefined;
  const context = compiler.context(reader, { session });
  const ref =
    read.resource_type === 'source' ? `source('${read.source_name}', '${read.name}')` : refCall(read as SqlNode);
  return context.render(`{{ ${ref} }}`, reader.original_file_path);
}

function refCall({ name, package_name: pkg, version }: SqlNode): string {
  return version === null || version === undefined
    ? `ref('${pkg}', '${name}')`
    : `ref('${pkg}', '${name}', version='${version}')`;
}
