/** A Grafana dashboard as plain data (schema version 39), to be imported. */
export type GrafanaDashboard = Readonly<Record<string, unknown>> & {
  readonly panels: readonly Readonly<Record<string, unknown>>[];
};

interface Panel {
  readonly title: string;
  readonly type: 'timeseries' | 'stat';
  readonly description: string;
  readonly queries: readonly (readonly [expr: string, legend: string])[];
  readonly unit?: string;
  /** Of 24 columns. */
  readonly width: number;
  readonly thresholds?: readonly (readonly [from: number | null, color: string])[];
}

const of = (name: string): string => `smallboat_monitor_${name}{model=~"$model"}`;

const PANELS: readonly Panel[] = [
  {
    title: 'Alarms that stand',
    type: 'stat',
    description: 'By smallboat monitor check.',
    queries: [[`sum by (kind) (${of('alarm')})`, '{{kind}}']],
    width: 12,
    thresholds: [
      [null, 'green'],
      [1, 'red'],
    ],
  },
  {
    title: 'Predictions in the window',
    type: 'stat',
    description: 'As many as the last check looked at.',
    queries: [[of('predictions'), '{{model}}']],
    width: 6,
  },
  {
    title: 'Age of the last check',
    type: 'stat',
    description: 'A check that does not run raises nothing.',
    queries: [[`time() - ${of('timestamp_seconds')}`, '{{model}}']],
    unit: 's',
    width: 6,
  },
  {
    title: 'ROC-AUC',
    type: 'timeseries',
    description: 'By the labels that came, estimated from the scores alone, and before the model went live.',
    queries: [
      [of('roc_auc'), '{{model}} by labels'],
      [of('roc_auc_estimated'), '{{model}} estimated'],
      [of('roc_auc_reference'), '{{model}} reference'],
    ],
    width: 12,
  },
  {
    title: 'Log loss and calibration error',
    type: 'timeseries',
    description: 'By the labels that came.',
    queries: [
      [of('log_loss'), '{{model}} log loss'],
      [of('calibration_error'), '{{model}} calibration error'],
    ],
    width: 12,
  },
  {
    title: 'Distance from the reference (PSI)',
    type: 'timeseries',
    description: 'From 0.1: some drift; from 0.25: drift, where it is significant too.',
    queries: [[of('psi'), '{{feature}}']],
    width: 12,
    thresholds: [
      [null, 'green'],
      [0.1, 'yellow'],
      [0.25, 'red'],
    ],
  },
  {
    title: 'Mean predicted probability',
    type: 'timeseries',
    description: 'Of the predictions in the window.',
    queries: [[of('score_mean'), '{{model}}']],
    unit: 'percentunit',
    width: 12,
  },
];

/** A dashboard over `monitoringMetrics`, for any Prometheus data source and one or more models. */
export function grafanaDashboard(): GrafanaDashboard {
  const source = { type: 'prometheus', uid: '${source}' };
  let [x, y] = [0, 0];
  const panels = PANELS.map(({ title, type, description, queries, unit, width, thresholds }, i) => {
    if (x + width > 24) [x, y] = [0, y + 8];
    const gridPos = { x, y, w: width, h: 8 };
    x += width;
    const steps = (thresholds ?? [[null, 'green']]).map(([value, color]) => ({ color, value }));
    return {
      id: i + 1,
      type,
      title,
      description,
      datasource: source,
      gridPos,
      targets: queries.map(([expr, legendFormat], q) => ({
        refId: String.fromCodePoint(65 + q),
        datasource: source,
        expr,
        legendFormat,
      })),
      fieldConfig: {
        defaults: { ...(unit === undefined ? {} : { unit }), thresholds: { mode: 'absolute', steps } },
        overrides: [],
      },
      options: {},
    };
  });
  return {
    title: 'Smallboat: predictions',
    uid: 'smallboat-monitor',
    schemaVersion: 39,
    version: 1,
    tags: ['smallboat'],
    timezone: 'utc',
    refresh: '1m',
    time: { from: 'now-7d', to: 'now' },
    templating: {
      list: [
        { name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
        {
          name: 'model',
          label: 'Model',
          type: 'query',
          datasource: source,
          query: { query: 'label_values(smallboat_monitor_predictions, model)', refId: 'model' },
          refresh: 2,
          includeAll: true,
          multi: true,
        },
      ],
    },
    panels,
  };
}
