export { TestClock } from './test-clock.ts';
export { type RecordingSink, recordingSink } from './recording-sink.ts';
export { type TestRuntime, testRuntime } from './test-runtime.ts';
