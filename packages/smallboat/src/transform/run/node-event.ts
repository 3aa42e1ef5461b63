import type { ManifestNode } from '../manifest/node.ts';
import { isSqlNode, materializedOf } from '../manifest/node.ts';
import type { NodeResult } from './node-result.ts';

/** Said when a node begins and when it has ended. */
export interface NodeEvent {
  readonly phase: 'start' | 'end';
  readonly uniqueId: string;
  readonly name: string;
  readonly kind: ManifestNode['resource_type'];
  /** What it is: `view model main.orders`, `test not_null_orders_id`. */
  readonly title: string;
  /** From 1. */
  readonly index: number;
  readonly total: number;
  /** At the end only. */
  readonly result?: NodeResult;
}

/** What a node is, in words. */
export function titleOf(node: ManifestNode): string {
  if (!isSqlNode(node))
    return `${node.resource_type.replace('_', ' ')} ${node.resource_type === 'unit_test' ? `${node.model}::` : ''}${node.name}`;
  const place = `${node.schema}.${node.alias}`;
  if (node.resource_type === 'model') return `${materializedOf(node)} model ${place}`;
  const hasPlace = node.resource_type === 'seed' || node.resource_type === 'snapshot';
  return `${node.resource_type} ${hasPlace ? place : node.name}`;
}
