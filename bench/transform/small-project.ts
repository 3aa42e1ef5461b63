import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Numbers that are the same each time: a multiplicative generator. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

const rows = (count: number, row: (i: number) => readonly unknown[]): string =>
  Array.from({ length: count }, (_, i) => `${row(i + 1).join(',')}\n`).join('');

/**
 * Writes a project of the shape of dbt's tutorial shop: three seeds of a hundred rows, three staging views, two tables, twenty tests;
 * 28 nodes on DuckDB, in `warehouse.duckdb` of the working folder.
 */
export function writeSmallProject(folder: string): void {
  const any = numbers(7);
  const methods = ['card', 'coupon', 'transfer', 'voucher'];
  const statuses = ['placed', 'shipped', 'completed', 'return_pending', 'returned'];
  const day = (): string => `2018-0${1 + any(3)}-${String(1 + any(28)).padStart(2, '0')}`;
  const keys = (name: string, ...tests: string[]): string =>
    `      - { name: ${name}, data_tests: [unique, not_null${tests.map((one) => `, ${one}`).join('')}] }\n`;
  const files: Readonly<Record<string, string>> = {
    'dbt_project.yml':
      'name: small_shop\nversion: "1.0.0"\nprofile: small_shop\nmodels:\n  small_shop:\n    +materialized: table\n    staging: { +materialized: view }\n',
    'profiles.yml':
      'small_shop: { target: dev, outputs: { dev: { type: duckdb, path: warehouse.duckdb, schema: main, threads: 4 } } }\n',
    'seeds/raw_customers.csv': `id,first_name,last_name\n${rows(100, (i) => [i, `First${any(40)}`, `${'ABCDEFGHIJ'[any(10)]}.`])}`,
    'seeds/raw_orders.csv': `id,user_id,order_date,status\n${rows(99, (i) => [i, 1 + any(100), day(), statuses[any(5)]])}`,
    'seeds/raw_payments.csv': `id,order_id,payment_method,amount\n${rows(113, (i) => [i, 1 + any(99), methods[any(4)], 100 * any(31)])}`,
    'models/staging/stg_customers.sql':
      "with source as (\n    select * from {{ ref('raw_customers') }}\n)\nselect id as customer_id, first_name, last_name from source\n",
    'models/staging/stg_orders.sql':
      "with source as (\n    select * from {{ ref('raw_orders') }}\n)\nselect id as order_id, user_id as customer_id, order_date, status from source\n",
    'models/staging/stg_payments.sql':
      "with source as (\n    select * from {{ ref('raw_payments') }}\n)\nselect id as payment_id, order_id, payment_method, amount / 100 as amount from source\n",
    'models/staging/schema.yml': `version: 2\nmodels:\n  - name: stg_customers\n    columns:\n${keys('customer_id')}  - name: stg_orders\n    columns:\n${keys('order_id')}      - name: status\n        data_tests: [{ accepted_values: { arguments: { values: [${statuses.join(', ')}] } } }]\n  - name: stg_payments\n    columns:\n${keys('payment_id')}      - name: payment_method\n        data_tests: [{ accepted_values: { arguments: { values: [${methods.join(', ')}] } } }]\n`,
    'models/customers.sql': `with spent as (
    select o.customer_id, sum(p.amount) as total_amount
    from {{ ref('stg_payments') }} as p left join {{ ref('stg_orders') }} as o using (order_id) group by 1
), ordered as (
    select customer_id, min(order_date) as first_order, max(order_date) as latest_order, count(order_id) as orders
    from {{ ref('stg_orders') }} group by 1
)
select c.customer_id, c.first_name, c.last_name, ordered.first_order, ordered.latest_order, ordered.orders, spent.total_amount
from {{ ref('stg_customers') }} as c left join ordered using (customer_id) left join spent using (customer_id)
`,
    'models/orders.sql': `{% set methods = ['${methods.join("', '")}'] %}
with paid as (
    select order_id, {% for method in methods -%}
      sum(case when payment_method = '{{ method }}' then amount else 0 end) as {{ method }}_amount,
    {% endfor -%} sum(amount) as amount
    from {{ ref('stg_payments') }} group by 1
)
select o.order_id, o.customer_id, o.order_date, o.status,
  {% for method in methods -%} paid.{{ method }}_amount, {% endfor -%} paid.amount
from {{ ref('stg_orders') }} as o left join paid using (order_id)
`,
    'models/schema.yml':
      `version: 2\nmodels:\n  - name: customers\n    columns:\n${keys('customer_id')}  - name: orders\n    columns:\n${keys('order_id')}      - name: customer_id\n        data_tests: [not_null, { relationships: { arguments: { to: "ref('customers')", field: customer_id } } }]\n      - { name: order_date, data_tests: [not_null] }\n      - name: status\n        data_tests: [not_null, { accepted_values: { arguments: { values: [${statuses.join(', ')}] } } }]\n  - name: raw\n`.replace(
        '  - name: raw\n',
        '',
      ),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
