import type { Loader, LoggerInterface } from 'vega';
import { optionalPackage, packageErrors, messageOf } from '../kernel/index.ts';
import type { ReportComponent, VegaChartComponent } from './components.ts';

/** The page's own colours, as its style sheet has them: light and dark. What a specification says of itself goes over them. */
const THEME = {
  background: 'transparent',
  font: 'inherit',
  view: { stroke: 'transparent', continuousWidth: 560, continuousHeight: 260 },
  mark: { color: 'var(--s0)' },
  text: { color: 'var(--text)' },
  rule: { color: 'var(--strong)' },
  title: { color: 'var(--text)', subtitleColor: 'var(--muted)', anchor: 'start' },
  axis: {
    labelColor: 'var(--muted)',
    titleColor: 'var(--text)',
    titleFontWeight: 'normal',
    gridColor: 'var(--line)',
    domainColor: 'var(--strong)',
    tickColor: 'var(--strong)',
    labelFontSize: 11,
    titleFontSize: 12,
  },
  legend: { labelColor: 'var(--muted)', titleColor: 'var(--text)', labelFontSize: 11, titleFontSize: 12 },
  header: { labelColor: 'var(--muted)', titleColor: 'var(--text)' },
  range: { category: [0, 1, 2, 3, 4, 5].map((i) => `var(--s${i})`) },
} as const;

/**
 * The components with every Vega-Lite chart among them drawn. Vega evaluates expressions of a specification, so draw only what comes from the
 * caller's own code, never what was read from a store. A chart that cannot be drawn says why; nothing is thrown, and nothing is loaded from anywhere.
 */
export async function drawCharts(components: readonly ReportComponent[]): Promise<readonly ReportComponent[]> {
  if (!components.some(isUndrawn)) return components;
  return Promise.all(
    components.map(async (component) => {
      if (component.kind === 'section') return { ...component, components: await drawCharts(component.components) };
      return component.kind === 'vegaChart' && isUndrawn(component) ? draw(component) : component;
    }),
  );
}

function isUndrawn(component: ReportComponent): boolean {
  if (component.kind === 'section') return component.components.some(isUndrawn);
  return component.kind === 'vegaChart' && component.svg === undefined && component.problem === undefined;
}

/** Drawings by component: a card that is written again and again draws a chart once. */
const drawn = new WeakMap<VegaChartComponent, VegaChartComponent>();

async function draw(component: VegaChartComponent): Promise<VegaChartComponent> {
  const known = drawn.get(component);
  if (known) return known;
  const made = await svgOf(component.spec).then(
    (svg) => ({ ...component, svg }),
    (error: unknown) => ({ ...component, problem: problemOf(error) }),
  );
  drawn.set(component, made);
  return made;
}

async function svgOf(spec: object): Promise<string> {
  const needer = 'A Vega-Lite chart';
  const [vega, lite] = await Promise.all([
    optionalPackage('vega', needer, () => import('vega')),
    optionalPackage('vega-lite', needer, () => import('vega-lite')),
  ]);
  const faults: string[] = [];
  const logger = noting(faults);
  // Vega writes into the rows that it is given.
  const own = structuredClone(spec);
  const sized = 'width' in own && own.width === 'container' ? { ...own, width: THEME.view.continuousWidth } : own;
  const compiled = lite.compile(sized as Parameters<typeof lite.compile>[0], { config: THEME, logger });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none', logger, loader: noLoader(faults) });
  try {
    const svg = await view.toSVG();
    if (faults.length > 0) throw new Error(faults.join('; '));
    return svg;
  } finally {
    view.finalize();
  }
}

/** A logger that keeps errors and passes over the rest. */
function noting(faults: string[]): LoggerInterface {
  const logger: LoggerInterface = {
    level: (level?: number) => (level === undefined ? 0 : logger),
    error(...what) {
      faults.push(...what.map((one) => messageOf(one)));
      return logger;
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}

/** Loads nothing, and leads nowhere. */
function noLoader(faults: string[]): Loader {
  const refuse = async (source: string): Promise<never> => {
    const problem = `its data is at ${source.slice(0, 200)}, and a card loads nothing: put the rows into data.values`;
    faults.push(problem);
    throw new Error(problem);
  };
  return { load: refuse, http: refuse, file: refuse, sanitize: async () => ({ href: '#' }) };
}

function problemOf(error: unknown): string {
  const message = messageOf(error);
  return packageErrors.PACKAGE_MISSING.is(error) ? message : `This chart could not be drawn: ${message}`;
}
