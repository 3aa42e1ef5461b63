import type { ManifestNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import { isRecord, textOf, textsOf } from '../project/plain.ts';
import type { Criteria } from './criteria.ts';
import { ANYTHING } from './criteria.ts';
import type { MethodContext } from './method-context.ts';
import { stateCheck } from './state.ts';

type Fits = (node: ManifestNode) => boolean;

/** What tells whether a node fits a part of a selection. @throws `SELECTION_INVALID`. */
export function methodOf(criteria: Criteria, context: MethodContext): Fits {
  const { method, value } = criteria;
  switch (method) {
    case 'fqn':
      // As dbt: a source is chosen by `source:`, or where nothing is said.
      return (node) => node.resource_type !== 'source' && fitsFqn(node, value, context.root);
    case ANYTHING:
      return () => true;
    case 'tag': {
      const fits = glob(value);
      return (node) => tagsOf(node).some(fits);
    }
    case 'group': {
      const fits = glob(value);
      return (node) => {
        const group = textOf(node.config['group']);
        return group !== undefined && GROUPED.has(node.resource_type) && fits(group);
      };
    }
    case 'access':
      return (node) => node.resource_type === 'model' && node.access === value;
    case 'path':
      return pathFits(value);
    case 'file': {
      const fits = glob(value);
      return (node) => {
        const name = node.original_file_path.split('/').at(-1) ?? '';
        return fits(name) || fits(name.replace(/\.[^.]*$/, ''));
      };
    }
    case 'package': {
      const fits = glob(value === 'this' ? context.root : value);
      return (node) => fits(node.package_name);
    }
    case 'config':
      return (node) => configFits(node, criteria);
    case 'resource_type':
      return (node) => node.resource_type === value;
    case 'test_name': {
      const fits = glob(value);
      return (node) =>
        node.resource_type === 'unit_test'
          ? fits(node.name)
          : node.resource_type === 'test' && node.test_metadata !== undefined && fits(node.test_metadata.name);
    }
    case 'test_type':
      return testTypeFits(criteria);
    case 'state':
      return stateCheck(criteria, context);
    case 'result':
      return resultFits(criteria, context);
    case 'source_status':
      return sourceStatusFits(criteria, context);
    case 'version':
      return (node) => versionFits(node, criteria);
    default:
      return namedFits(criteria);
  }
}

const GROUPED: ReadonlySet<string> = new Set(['model', 'seed', 'snapshot', 'test', 'analysis', 'operation', 'metric']);

/** `source:a.b`, `exposure:x`, `metric:x`, …: [package.]name of a kind. */
function namedFits({ method, value, raw }: Criteria): Fits {
  const parts = value.split('.');
  const limit = method === 'source' ? 3 : 2;
  if (parts.length > limit) {
    throw projectErrors.SELECTION_INVALID({
      selection: raw,
      problem: `'${value}' has too many parts: write ${method === 'source' ? '[package.]source.table' : '[package.]name'}`,
    });
  }
  if (method === 'source') {
    const [a = '*', b, c] = parts;
    const [pkg, source, table] = c !== undefined ? [a, b ?? '*', c] : b !== undefined ? ['*', a, b] : ['*', a, '*'];
    const fits = [glob(pkg), glob(source), glob(table)] as const;
    return (node) =>
      node.resource_type === 'source' && fits[0](node.package_name) && fits[1](node.source_name) && fits[2](node.name);
  }
  const [a = '*', b] = parts;
  const [pkg, name] = b === undefined ? ['*', a] : [a, b];
  const fits = [glob(pkg), glob(name)] as const;
  return (node) => node.resource_type === method && fits[0](node.package_name) && fits[1](node.name);
}

/** Wildcards as Python's fnmatch has them. */
export function glob(pattern: string): (text: string) => boolean {
  if (!/[*?[\]]/.test(pattern)) return (text) => text === pattern;
  const expression = pattern.replace(/\[!?[^\]]*\]|[*?]|[.+^${}()|\\]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    return part.startsWith('[') ? part.replace('[!', '[^') : `\\${part}`;
  });
  const compiled = new RegExp(`^${expression}$`, 's');
  return (text) => compiled.test(text);
}

function fitsFqn(node: ManifestNode, value: string, root: string): boolean {
  const fqn = node.fqn;
  const isVersioned = node.resource_type === 'model' && node.version !== null && node.version !== undefined;
  if (isFqn(fqn, value, isVersioned)) return true;
  if (node.package_name === root && isFqn(fqn.slice(1), value, isVersioned)) return true;
  return node.resource_type === 'unit_test' && node.name === value;
}

function isFqn(fqn: readonly string[], value: string, isVersioned: boolean): boolean {
  const leaf = (isVersioned ? fqn.at(-2) : fqn.at(-1)) ?? '';
  if (leaf === value) return true;
  const wanted = value.split('.');
  if (isVersioned && fqn.slice(-2).join('_') === wanted.slice(-2).join('_')) return true;
  const flat = fqn.flatMap((part) => part.split('.'));
  if (flat.length < wanted.length) return false;
  const wild = wanted.findIndex((part) => /[*?[\]]/.test(part));
  const plain = wild === -1 ? wanted : wanted.slice(0, wild);
  if (plain.some((part, i) => flat[i] !== part)) return false;
  if (wild === -1) return true;
  if (glob(wanted.slice(wild).join('.'))(flat.slice(wild).join('.'))) return true;
  return !value.includes('.') && glob(value)(leaf);
}

function tagsOf(node: ManifestNode): readonly string[] {
  return node.tags ?? textsOf(node.config['tags']);
}

function pathFits(value: string): Fits {
  const wanted = value.replaceAll('\\', '/').replace(/^\.\//, '').replace(/\/+$/, '');
  const isGlob = /[*?[\]]/.test(wanted);
  const source = isGlob
    ? wanted
        .split(/(\*\*\/?|\*|\?)/)
        .map((part) =>
          part.startsWith('**')
            ? '(?:.*/)?'
            : part === '*'
              ? '[^/]*'
              : part === '?'
                ? '[^/]'
                : part.replace(/[.+^${}()|\\]/g, '\\$&'),
        )
        .join('')
    : undefined;
  const expression = source === undefined ? undefined : new RegExp(`^${source}(?:/.*)?$`);
  const wholeExpression = source === undefined ? undefined : new RegExp(`^${source}$`);
  return (node) => {
    const patch =
      'patch_path' in node && typeof node.patch_path === 'string'
        ? node.patch_path.replace(/^\w+:\/\//, '')
        : undefined;
    const path = node.original_file_path;
    // A folder is that of the node's own file; a file may be the one that describes it.
    if (!expression) return path === wanted || path.startsWith(`${wanted}/`) || patch === wanted;
    return expression.test(path) || (patch !== undefined && wholeExpression?.test(patch) === true);
  };
}

/** What has a configuration that `config:` looks at: nodes of files, and sources. */
const HAS_NO_CONFIG: ReadonlySet<string> = new Set([
  'unit_test',
  'exposure',
  'metric',
  'semantic_model',
  'saved_query',
  'function',
]);

function configFits(node: ManifestNode, { methodArguments, value }: Criteria): boolean {
  if (HAS_NO_CONFIG.has(node.resource_type)) return false;
  let at: unknown = node.config;
  for (const key of methodArguments) {
    if (!isRecord(at)) return false;
    at = at[key];
  }
  const small = value.toLowerCase();
  const ignoresCase = methodArguments.join('.') === 'severity';
  const same = (one: unknown): boolean =>
    typeof one === 'boolean'
      ? String(one) === small
      : one === value || (ignoresCase && textOf(one)?.toLowerCase() === small);
  return Array.isArray(at) ? at.some(same) : same(at);
}

function testTypeFits({ value, raw }: Criteria): Fits {
  const isGeneric = (node: ManifestNode): boolean => node.resource_type === 'test' && node.test_metadata !== undefined;
  switch (value) {
    case 'generic':
    case 'schema':
      return isGeneric;
    case 'singular':
      return (node) => node.resource_type === 'test' && node.test_metadata === undefined;
    case 'data':
      return (node) => node.resource_type === 'test';
    case 'unit':
      return (node) => node.resource_type === 'unit_test';
    default:
      throw projectErrors.SELECTION_INVALID({
        selection: raw,
        problem: `'${value}' is none of generic, singular, unit, data`,
      });
  }
}

function resultFits({ value, raw }: Criteria, { previous }: MethodContext): Fits {
  const results = previous?.results;
  if (!results) throw projectErrors.STATE_MISSING({ selection: raw, file: 'run_results.json' });
  const matches = new Set(results.filter(({ status }) => status === value).map(({ uniqueId }) => uniqueId));
  return (node) => matches.has(node.unique_id);
}

function sourceStatusFits({ value, raw }: Criteria, { previous }: MethodContext): Fits {
  const before = previous?.sources;
  const now = previous?.currentSources;
  if (!before || !now) throw projectErrors.STATE_MISSING({ selection: raw, file: 'sources.json' });
  if (value !== 'fresher')
    throw projectErrors.SELECTION_INVALID({ selection: raw, problem: "there is only 'source_status:fresher'" });
  return (node) => {
    const [old, current] = [before.get(node.unique_id), now.get(node.unique_id)];
    return current !== undefined && (old === undefined || current > old);
  };
}

function versionFits(node: ManifestNode, { value, raw }: Criteria): boolean {
  if (node.resource_type !== 'model') return false;
  const { version = null, latest_version: latest = null } = node;
  switch (value) {
    case 'latest':
      return version !== null && String(version) === String(latest);
    case 'prerelease':
      return version !== null && latest !== null && compareVersions(version, latest) > 0;
    case 'old':
      return version !== null && latest !== null && compareVersions(version, latest) < 0;
    case 'none':
      return version === null;
    default:
      throw projectErrors.SELECTION_INVALID({
        selection: raw,
        problem: `'${value}' is none of latest, prerelease, old, none`,
      });
  }
}

function compareVersions(a: string | number, b: string | number): number {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? String(a).localeCompare(String(b)) : x - y;
}
