export { makeHandler } from './handler.ts';
export type { EndpointRequest, EndpointResponse, Handler, HandlerOptions } from './handler.ts';
export { DEFAULT_LIMITS } from './limits.ts';
export type { Limits } from './limits.ts';
export { loadPredictor } from './load-predictor.ts';
export type { PredictionSink, Predictor } from './predictor.ts';
export { requestErrors } from './refusals.ts';
export { serve, serveErrors } from './serve.ts';
export type { Endpoint, ServeOptions, ServeSettings } from './serve.ts';
