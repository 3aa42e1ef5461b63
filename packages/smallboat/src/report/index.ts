export { chartSvg } from './chart-svg.ts';
export type {
  BarChartComponent,
  Figure,
  LineChartComponent,
  ReportCell,
  ReportComponent,
  Series,
  TableComponent,
  Tone,
} from './components.ts';
export { dagErrors, dagPicture } from './dag.ts';
export type { DagGraph, DagNode } from './dag.ts';
export { Html, html } from './html.ts';
export type { HtmlValue } from './html.ts';
export { columnFormat, formatNumber } from './number.ts';
export { page } from './page.ts';
export type { PageOptions } from './page.ts';
export { renderComponents } from './render.ts';
export { displayWidth, textTable } from './text-table.ts';
export type { TextTableOptions } from './text-table.ts';
export { chip } from './tone.ts';
