import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../kernel/index.ts';
import { projectErrors } from '../project/errors.ts';

const files = (name: string): Readonly<Record<string, string>> => ({
  'dbt_project.yml': `name: ${name}
version: "1.0.0"
config-version: 2
profile: ${name}

model-paths: ["models"]
analysis-paths: ["analyses"]
test-paths: ["tests"]
seed-paths: ["seeds"]
macro-paths: ["macros"]
snapshot-paths: ["snapshots"]

clean-targets: ["target", "dbt_packages"]

models:
  ${name}:
    +materialized: view
`,
  'profiles.yml': `${name}:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{ env_var('DBT_DUCKDB_PATH', '${name}.duckdb') }}"
      schema: main
      threads: 2
`,
  'seeds/raw_orders.csv': `id,customer,ordered_at,amount
1,ann,2024-01-03,12.50
2,bob,2024-01-04,7.25
3,ann,2024-01-09,30.00
`,
  'models/orders.sql': `{{ config(materialized='table') }}

select id as order_id, customer, ordered_at, amount
from {{ ref('raw_orders') }}
`,
  'models/customers.sql': `select customer, count(*) as orders, sum(amount) as spent
from {{ ref('orders') }}
group by customer
`,
  'models/schema.yml': `models:
  - name: orders
    description: One row for each order.
    columns:
      - name: order_id
        data_tests: [unique, not_null]
  - name: customers
    description: One row for each customer.
    columns:
      - name: customer
        data_tests: [unique, not_null]
`,
  'macros/.gitkeep': '',
  'analyses/.gitkeep': '',
  'snapshots/.gitkeep': '',
  'tests/.gitkeep': '',
  '.gitignore': 'target/\ndbt_packages/\nlogs/\n*.duckdb\n*.duckdb.lock\n',
});

/** Makes a new project in a folder of its name, which builds as it is. @throws `INIT_REFUSED`. @returns its folder. */
export async function init(cwd: string, name: string): Promise<string> {
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw projectErrors.INIT_REFUSED({ name, problem: 'a project is named by letters, digits and underscores' });
  }
  const folder = join(cwd, name);
  if (existsSync(join(folder, 'dbt_project.yml'))) {
    throw projectErrors.INIT_REFUSED({ name, problem: `${folder} has a project already` });
  }
  for (const [path, text] of Object.entries(files(name))) {
    const full = join(folder, path);
    if (existsSync(full)) continue; // what is there stays
    await mkdir(join(full, '..'), { recursive: true });
    await writeWhole(full, text, { sync: false });
  }
  return folder;
}
