export { artifact, briefOf } from './brief.ts';
export { chartSvg } from './chart-svg.ts';
export type {
  ArtifactComponent,
  BarChartComponent,
  Brief,
  CodeComponent,
  ErrorComponent,
  EventsComponent,
  Figure,
  ImageComponent,
  ImageType,
  JsonComponent,
  LineChartComponent,
  MarkdownComponent,
  ProgressComponent,
  ReportCell,
  ReportComponent,
  ReportEvent,
  SectionComponent,
  Series,
  TableComponent,
  Tone,
  ValueComponent,
  VegaChartComponent,
} from './components.ts';
export { dagErrors, dagPicture } from './dag.ts';
export type { DagGraph, DagGroup, DagNode } from './dag.ts';
export { drawCharts } from './draw-charts.ts';
export { errorOf } from './error-of.ts';
export { Html, breakable, html } from './html.ts';
export type { HtmlValue } from './html.ts';
export { image, imageErrors } from './image.ts';
export type { ImageOptions } from './image.ts';
export { columnFormat, formatBytes, formatNumber } from './number.ts';
export { page } from './page.ts';
export type { PageOptions } from './page.ts';
export { renderComponents } from './render.ts';
export { displayWidth, textTable } from './text-table.ts';
export type { TextTableOptions } from './text-table.ts';
export { timelinePicture } from './timeline.ts';
export type { BarStyle, Timeline, TimelineBar, TimelineRow } from './timeline.ts';
export { chip } from './tone.ts';
