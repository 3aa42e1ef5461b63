/** MLflow's description of a folder with an ONNX model, so that `mlflow.onnx.load_model` opens it. */
export function mlmodel(modelId: string, runId: string, root: string): string {
  return [
    `artifact_path: ${root}`,
    'flavors:',
    '  onnx:',
    '    onnx_version: 1.17.0',
    '    data: model.onnx',
    `model_id: ${modelId}`,
    `run_id: ${runId}`,
    '',
  ].join('\n');
}
