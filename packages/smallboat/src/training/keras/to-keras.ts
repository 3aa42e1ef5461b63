import { fileURLToPath } from 'node:url';

/** Path of a program for Python with Keras and numpy: `python KERAS_EXPORTER FOLDER model.keras` makes a Keras model of a model folder. */
export const KERAS_EXPORTER: string = fileURLToPath(new URL('./to_keras.py', import.meta.url));
