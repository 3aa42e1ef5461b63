export { chiSquare, gTest, holm, kolmogorovP } from './significance.ts';
export type { TestResult } from './significance.ts';
export { distanceErrors, jensenShannon, kolmogorovSmirnov, psi } from './distance.ts';
export type { Counts } from './distance.ts';
export { MENDED_BY_TRAINING, alarmsOf, ruleFor } from './alarms.ts';
export type { Alarm, AlarmKind } from './alarms.ts';
export { alarmErrors, checkAlarms } from './check-alarms.ts';
export type { AlarmCheck, CheckAlarmsOptions } from './check-alarms.ts';
export { deliverAlarm, deliveryErrors } from './deliver-alarm.ts';
export type { AlarmChannel, AlarmMessage, DeliveryOptions } from './deliver-alarm.ts';
export { columnDriftErrors, dataDrift } from './column-drift.ts';
export type { ColumnDrift, DataDrift, DataDriftOptions, DriftColumn } from './column-drift.ts';
export type { DriftMethod } from './drift-methods.ts';
export { kolmogorovExactP, kolmogorovOneSampleP } from './kolmogorov.ts';
export { compareProfiles } from './drift.ts';
export type { DriftRule, DriftStatus, FeatureDrift } from './drift.ts';
export { monitoringComponents, renderDriftPage } from './drift-page.ts';
export { ESTIMATED, estimatePerformance, fitEstimator } from './estimate.ts';
export type { Estimate, Estimated, Estimator, EstimatorOptions } from './estimate.ts';
export { fitIsotonic, isotonicAt } from './isotonic.ts';
export type { Isotonic } from './isotonic.ts';
export { joinPurchases } from './join-purchases.ts';
export type { JoinedPurchases, JoinPurchasesOptions, Purchase } from './join-purchases.ts';
export { liveWindows } from './live-windows.ts';
export type { LiveWindow, LiveWindowsOptions } from './live-windows.ts';
export { measure } from './performance.ts';
export type { CalibrationBin, Performance } from './performance.ts';
export { grafanaDashboard } from './grafana.ts';
export type { GrafanaDashboard } from './grafana.ts';
export { monitoringMetrics, prometheusRules } from './prometheus.ts';
export type { PrometheusRules } from './prometheus.ts';
export { predictionLog } from './prediction-log.ts';
export type {
  FeedbackRecord,
  PredictionLog,
  PredictionLogOptions,
  PredictionLogStats,
  PredictionRecord,
} from './prediction-log.ts';
export { profiler } from './profile.ts';
export type { Profile, Profiler } from './profile.ts';
export { readLog } from './read-log.ts';
export type { LogEntry, ReadLogOptions } from './read-log.ts';
export { makeReference, readReference, referenceErrors, writeReference } from './reference.ts';
export type { Reference, ReferenceOptions } from './reference.ts';
export { driftReport } from './report.ts';
export type {
  DriftReport,
  DriftReportOptions,
  EstimatedPerformance,
  LivePerformance,
  Named,
  TimeBucket,
} from './report.ts';
export { DRIFTS, sendTraffic, shoppersOf, trafficErrors } from './traffic.ts';
export type { Drift, TrafficOptions, TrafficResult } from './traffic.ts';
